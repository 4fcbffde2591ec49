Feature: No confidential data in metadata
  Credentials ids and errors are metadata: every Reader of the instance sees them.

  @PRV-001
  Rule: No personal or confidential value in the credentials id
    @needs-text-input
    Scenario: Inputs hold personal values
      Given the manifest plants personal values in its free-text inputs
      When Secrets Manager creates the secret
      Then no personal or confidential value is in the credentials id

    Scenario: A secret is created
      When Secrets Manager creates the secret
      Then no personal or confidential value is in the credentials id

  @PRV-002
  Rule: No secret value in the credentials id or in an error
    Scenario: A secret is created
      When Secrets Manager creates the secret
      Then no secret value is in the metadata

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then no secret value is in the metadata

    @needs-third-party
    Scenario: A deletion is refused
      Given a secret was created
      And the third party answers every revocation with 409
      When Secrets Manager deletes the secret
      Then no secret value is in the metadata

    @needs-login-secret
    Scenario Outline: The login secret is <state>
      Given the login secret is <state>
      When Secrets Manager creates the secret
      Then no secret value is in the metadata

      Examples:
        | state           |
        | missing         |
        | forbidden       |
        | of another type |
        | malformed       |

  @PRV-004
  Rule: The credentials id is not derived from a secret
    Scenario: Two secrets are created
      When Secrets Manager creates the secret
      And Secrets Manager creates another secret
      Then no credentials id is derived from a secret
