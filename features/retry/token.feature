Feature: Retries of the token request
  A job without a token can report nothing, so its token is worth another attempt; a key that is wrong is not.

  @RTY-005
  Rule: A transient failure of the token request is retried
    Scenario Outline: The first token request is answered <status>
      Given IAM answers the first token request with <status>
      When Secrets Manager creates the secret
      Then the token request is retried and the job succeeds

      Examples:
        | status |
        | 429    |
        | 500    |
        | 502    |
        | 503    |
        | 504    |

    Scenario Outline: IAM <ends> the connection of the first token request
      Given IAM <ends> the first token request
      When Secrets Manager creates the secret
      Then the token request is retried and the job succeeds

      Examples:
        | ends   |
        | resets |
        | closes |

  @RTY-006
  Rule: An unknown API key is not hammered
    Scenario: The access key was revoked
      Given IAM has revoked the access key
      When Secrets Manager creates the secret
      Then the unknown key is not hammered
