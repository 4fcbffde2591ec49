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

  @ROT-002 @at-once
  Rule: Jobs of different secrets do not disturb each other
    @needs-third-party
    Scenario: Ten secrets are created at once and their creations meet
      Given the creations of jobs that run at once meet
      When Secrets Manager creates ten secrets at once
      Then each of the jobs created a credential of its own

    Scenario: Ten secrets are created at once and their updates meet
      Given the updates of jobs that run at once meet
      When Secrets Manager creates ten secrets at once
      Then each of the jobs created a credential of its own

    @needs-third-party
    Scenario: Ten secrets are deleted at once and their revocations meet
      Given ten secrets were created at once
      And the revocations of jobs that run at once meet
      When Secrets Manager deletes all secrets at once
      Then each of the jobs deleted its own credential

  @ROT-003
  Rule: A creation that is run again after its success leaves one live credential
    Scenario: Code Engine runs a create job again whose task is final
      When Secrets Manager creates the secret
      And Code Engine runs the last job once more
      Then exactly the reported credential is alive
