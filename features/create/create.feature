Feature: Creating a credential
  A create job makes one credential in the outside system and reports it with one task update.

  @CRE-001
  Rule: A create job reports the created credential once, for its own task
    Scenario: A secret is created
      When Secrets Manager creates the secret
      Then exactly one created credential is accepted for the task
      And the job succeeds

    @needs-optional-input
    Scenario: A secret is created while nothing but its required inputs is set
      Given only the required inputs are set
      When Secrets Manager creates the secret
      Then exactly one created credential is accepted for the task
      And the job succeeds

  @CRE-002
  Rule: The payload holds every required output
    Scenario: The outputs of a created credential
      When Secrets Manager creates the secret
      Then the payload holds every required output with its declared type

    Scenario: The outputs of a created credential, which Secrets Manager holds against what was declared
      Given the knob validate_payload is true
      When Secrets Manager creates the secret
      Then the payload holds every required output with its declared type

    Scenario: The outputs of a rotated credential
      When Secrets Manager creates the secret
      And Secrets Manager rotates the secret
      Then the payload holds every required output with its declared type

  @CRE-003
  Rule: The payload holds no undeclared output
    Scenario: The keys of a created credential's payload
      When Secrets Manager creates the secret
      Then the payload holds declared outputs only

  @CRE-004
  Rule: What was reported exists at the third party
    Scenario: The credential of a created secret
      When Secrets Manager creates the secret
      Then the reported credential is alive at the third party, value for value

    Scenario: The credential of a rotated secret
      When Secrets Manager creates the secret
      And Secrets Manager rotates the secret
      Then the reported credential is alive at the third party, value for value

  @CRE-006
  Rule: Every creation has a credentials id of its own
    Scenario: Two secrets are created
      When Secrets Manager creates the secret
      And Secrets Manager creates another secret
      Then every creation reported a credentials id of its own

    Scenario: A secret is rotated
      When Secrets Manager creates the secret
      And Secrets Manager rotates the secret
      Then every creation reported a credentials id of its own

  @CRE-008
  Rule: Optional inputs may be left out
    @needs-optional-input
    Scenario: Only the required inputs are set
      Given only the required inputs are set
      When Secrets Manager creates the secret
      Then the defaults of the optional inputs work
      And the job succeeds

  @CRE-010
  Rule: Output values survive as they are
    @needs-mapped-output
    Scenario Outline: The third party issues secrets <form>
      Given the third party issues secrets <form>
      When Secrets Manager creates the secret
      Then the mapped outputs are what was issued

      Examples:
        | form                           |
        | with letters beyond ASCII      |
        | with quotes and signs of shells |
        | of 100000 characters           |
