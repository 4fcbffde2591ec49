Feature: The job configuration
  Two tools read job_config.json, each in its own way: the generator writes the provider's code from it, the deployer the job's environment.

  @CFG-001
  Rule: Generator and deployer both take it
    Scenario: The job configuration is read
      When the job configuration is read
      Then generator and deployer both take it

  @CFG-002
  Rule: An output is required
    Scenario: The job configuration is read
      When the job configuration is read
      Then at least one output is required

  @CFG-003
  Rule: It says one thing only
    Scenario: The job configuration is read
      When the job configuration is read
      Then nothing in it is ambiguous, reserved, uncompilable or expanded by a shell
