Feature: Servers that never answer
  A connection that stays open says nothing. Only the job's own timeout ends it.

  @RTY-011
  Rule: A server that never answers is given up on
    @lasting
    Scenario: Secrets Manager never answers an update
      Given Secrets Manager never answers an update
      When Secrets Manager creates the secret
      Then the job gives up on the silent call

    @lasting
    Scenario: IAM never answers a token request
      Given IAM never answers a token request
      When Secrets Manager creates the secret
      Then the job gives up on the silent call

    @lasting @needs-third-party
    Scenario: The third party never answers a creation
      Given the third party never answers a creation
      When Secrets Manager creates the secret
      Then the job gives up on the silent call

    @lasting @needs-third-party
    Scenario: The third party never answers a revocation
      Given a secret was created
      And the third party never answers a revocation
      When Secrets Manager deletes the secret
      Then the job gives up on the silent call
