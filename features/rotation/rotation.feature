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
