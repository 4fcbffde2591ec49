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

  @PRV-003
  Rule: No secret value in the logs
    Scenario: A secret is created
      When Secrets Manager creates the secret
      Then no secret value is in the logs

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 403 and repeats what it was logged in with
      When Secrets Manager creates the secret
      Then no secret value is in the logs

    Scenario: The report of a creation is refused
      Given Secrets Manager answers every update with 403
      When Secrets Manager creates the secret
      Then no secret value is in the logs

    @needs-login-secret
    Scenario: The login secret is malformed
      Given the login secret is malformed
      When Secrets Manager creates the secret
      Then no secret value is in the logs

  @PRV-004
  Rule: The credentials id is not derived from a secret
    Scenario: Two secrets are created
      When Secrets Manager creates the secret
      And Secrets Manager creates another secret
      Then no credentials id is derived from a secret

  @PRV-005
  Rule: No personal value in an error description
    @needs-text-input @needs-third-party
    Scenario: Inputs hold personal values and the creation is refused
      Given the manifest plants personal values in its free-text inputs
      And the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then no personal value is in an error description

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 400
      When Secrets Manager creates the secret
      Then no personal value is in an error description

  @PRV-006
  Rule: No secret or personal value in an address
    Scenario: A secret is created
      When Secrets Manager creates the secret
      Then no secret or personal value is in an address

    Scenario: A secret is deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then no secret or personal value is in an address

  @PRV-007
  Rule: Inputs ask for no personal or confidential data
    Scenario: The declared inputs are read
      When the declared inputs are read
      Then none asks for personal or confidential data as plain text

  @PRV-009
  Rule: What the third party's error repeats does not reach the description
    @needs-login-secret
    Scenario: A creation is refused
      Given the third party answers every creation with 403 and repeats what it was logged in with
      When Secrets Manager creates the secret
      Then nothing of what the answer repeated is in the description

    @needs-login-secret
    Scenario: A deletion is refused
      Given a secret was created
      And the third party answers every revocation with 403 and repeats what it was logged in with
      When Secrets Manager deletes the secret
      Then nothing of what the answer repeated is in the description

  @PRV-008
  Rule: The image tells nothing secret about itself
    Scenario: A secret is created
      When Secrets Manager creates the secret
      Then the image's labels, environment and history hold no secret or personal value
