Feature: A creation that cannot be done
  What the third party, an input or the login secret makes impossible is reported as failed and leaves nothing behind.

  @CRE-005
  Rule: A refused creation is reported as failed and leaves nothing alive
    @lasting
    Scenario Outline: The third party refuses the creation with <status>
      Given the third party answers every creation with <status>
      When Secrets Manager creates the secret
      Then the provider reports the task as failed
      And nothing new is alive at the third party
      And the job fails

      Examples:
        | status |
        | 400    |
        | 401    |
        | 403    |
        | 409    |
        | 503    |

    @lasting
    Scenario: The third party resets every connection of a creation
      Given the third party resets every creation
      When Secrets Manager creates the secret
      Then the provider reports the task as failed
      And nothing new is alive at the third party
      And the job fails

  @CRE-009
  Rule: An input that is missing or wrong changes nothing
    @needs-required-input
    Scenario: Each required input is missing in turn
      When Secrets Manager creates a secret without each required input in turn
      Then the third party is left alone
      And the provider should report the task as failed
      And the job fails

    @needs-number-input
    Scenario: Each integer and boolean input does not parse in turn
      When Secrets Manager creates a secret with each integer and boolean input unreadable in turn
      Then the third party is left alone
      And the provider should report the task as failed
      And the job fails

    @needs-enum-input
    Scenario: Each enum input has a value outside its list in turn
      When Secrets Manager creates a secret with each enum input outside its list in turn
      Then the third party should be left alone
      And the provider should report the task as failed
      And the job fails

  @CRE-011
  Rule: A login secret or an answer that cannot be used is reported as failed
    @needs-login-secret
    Scenario Outline: The login secret is <state>
      Given the login secret is <state>
      When Secrets Manager creates the secret
      Then the provider reports the task as failed
      And nothing new is alive at the third party
      And the job fails

      Examples:
        | state           |
        | missing         |
        | forbidden       |
        | of another type |
        | malformed       |

    @needs-third-party
    Scenario Outline: The third party answers a creation with 200 and <body>
      Given the third party answers every creation with 200 and <body>
      When Secrets Manager creates the secret
      Then the provider reports the task as failed
      And nothing new is alive at the third party
      And the job fails

      Examples:
        | body             |
        | an HTML page     |
        | an empty object  |
        | broken JSON      |
