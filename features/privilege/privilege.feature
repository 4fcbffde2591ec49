Feature: Least privilege
  A provider needs SecretTaskUpdater, and SecretsReader on its secret group when an input names a secret. Nothing else.

  @LPR-001
  Rule: The documented roles suffice
    Scenario: A secret is created and deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then the creation and the deletion worked with the documented roles

  @LPR-002
  Rule: No operation outside the documented roles is tried
    Scenario: A secret is created and deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then no operation outside the documented roles was tried

  @LPR-003
  Rule: Only secrets that inputs name are read
    Scenario: A secret is created and deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then only secrets that inputs name were read

  @LPR-004
  Rule: Keys and tokens go only where they belong
    Scenario: A secret is created and deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then the access key went to IAM alone and its token to Secrets Manager alone

  @LPR-005
  Rule: No undeclared host is contacted
    Scenario: A secret is created and deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then no undeclared host was contacted

  @LPR-006
  Rule: One token serves a job
    Scenario: A secret is created and deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then each job asked for one token per API key
