Feature: Errors of a failed task
  People read them in the console: a stable code and a description in words.

  @ERR-001
  Rule: A failed task carries complete errors
    Scenario: The action is unknown
      Given the variable SM_ACTION is rotate_credentials
      When Secrets Manager creates the secret
      Then the failure carries complete errors

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then the failure carries complete errors

    @needs-third-party
    Scenario: A deletion is refused
      Given a secret was created
      And the third party answers every revocation with 409
      When Secrets Manager deletes the secret
      Then the failure carries complete errors

  @ERR-002
  Rule: The code is an application code
    Scenario: The action is unknown
      Given the variable SM_ACTION is rotate_credentials
      When Secrets Manager creates the secret
      Then every error code is an application code

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then every error code is an application code

    @needs-third-party
    Scenario: A deletion is refused
      Given a secret was created
      And the third party answers every revocation with 409
      When Secrets Manager deletes the secret
      Then every error code is an application code

  @ERR-003
  Rule: Codes tell causes apart
    Scenario: Four causes, one of them twice
      When creations are refused twice, a deletion is refused, the login secret is missing and the action is unknown
      Then the same cause has the same code and different causes have different codes

  @ERR-004
  Rule: The description is for a person
    Scenario: The action is unknown
      Given the variable SM_ACTION is rotate_credentials
      When Secrets Manager creates the secret
      Then every description is plain text for a person

    @needs-third-party
    Scenario Outline: The third party refuses the creation with <status> and <body>
      Given the third party answers every creation with <status> and <body>
      When Secrets Manager creates the secret
      Then every description is plain text for a person

      Examples:
        | status | body         |
        | 403    | an HTML page |
        | 400    | broken JSON  |
        | 409    | its own body |

  @ERR-005
  Rule: A failure is logged too
    Scenario: The action is unknown
      Given the variable SM_ACTION is rotate_credentials
      When Secrets Manager creates the secret
      Then the failure is logged

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then the failure is logged

  @ERR-006
  Rule: The exit status agrees with the outcome
    Scenario: A creation succeeds
      When Secrets Manager creates the secret
      Then the exit status agrees with the outcome
      And the job succeeds

    @needs-third-party
    Scenario: A creation is refused
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then the exit status agrees with the outcome
      And the job fails

    Scenario: IAM does not know the access key
      Given IAM has revoked the access key
      When Secrets Manager creates the secret
      Then the exit status agrees with the outcome
      And the job fails

  @ERR-007
  Rule: A crash is not an outcome
    Scenario: A creation succeeds
      When Secrets Manager creates the secret
      Then no job crashed

    @lasting
    Scenario Outline: IAM answers <answer>
      Given IAM answers every token request with <answer>
      When Secrets Manager creates the secret
      Then no job crashed

      Examples:
        | answer               |
        | 200 and an HTML page |
        | 200 and broken JSON  |
        | 503                  |

    Scenario: The update is answered 200 with an empty object
      Given Secrets Manager applies every update and answers 200 with an empty object
      When Secrets Manager creates the secret
      Then no job crashed

    @needs-login-secret
    Scenario Outline: The login secret is <state>
      Given the login secret is <state>
      When Secrets Manager creates the secret
      Then no job crashed

      Examples:
        | state           |
        | of another type |
        | malformed       |

    @needs-third-party
    Scenario Outline: The third party answers a creation with 200 and <body>
      Given the third party answers every creation with 200 and <body>
      When Secrets Manager creates the secret
      Then no job crashed

      Examples:
        | body            |
        | an HTML page    |
        | an empty object |
