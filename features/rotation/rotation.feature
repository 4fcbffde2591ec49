Feature: Rotation
  A rotation is a new creation; the credential that it pushes out is deleted later.

  @ROT-001
  Rule: Old and new credential are alive together
    Scenario: A secret is rotated
      When Secrets Manager creates the secret
      And Secrets Manager rotates the secret
      Then both credentials are distinct and were alive together

    Scenario: A secret is rotated twice
      When Secrets Manager creates the secret
      And Secrets Manager rotates the secret
      And Secrets Manager rotates the secret
      Then both credentials are distinct and were alive together

  @ROT-003
  Rule: A creation that is run again after its success leaves one live credential
    Scenario: Code Engine runs a create job again whose task is final
      When Secrets Manager creates the secret
      And Code Engine runs the last job once more
      Then exactly the reported credential is alive
