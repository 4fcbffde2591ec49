Feature: Retries of the task update
  Secrets Manager's documentation recommends that requests are retried; a 400 or 404 never is.

  @RTY-001
  Rule: A transient failure of the update is retried
    Scenario Outline: The first update is answered <status>
      Given Secrets Manager answers the first update with <status>
      When Secrets Manager creates the secret
      Then the update is retried and accepted
      And the job succeeds

      Examples:
        | status |
        | 429    |
        | 500    |
        | 502    |
        | 503    |
        | 504    |

    Scenario: The connection of the first update is reset
      Given Secrets Manager resets the first update
      When Secrets Manager creates the secret
      Then the update is retried and accepted
      And the job succeeds

    Scenario: The connection of the first update is closed
      Given Secrets Manager closes the first update
      When Secrets Manager creates the secret
      Then the update is retried and accepted
      And the job succeeds

    Scenario: The answer to the first update is a cut 503
      Given Secrets Manager cuts its 503 to the first update
      When Secrets Manager creates the secret
      Then the update is retried and accepted
      And the job succeeds

  @RTY-002
  Rule: Retry-After is respected
    Scenario Outline: The first update is answered <status> with Retry-After <value>
      Given Secrets Manager answers the first update with <status> and Retry-After <value>
      When Secrets Manager creates the secret
      Then the Retry-After is respected or does no harm

      Examples:
        | status | value                 |
        | 503    | 2                     |
        | 429    | 2                     |
        | 503    | as a date in 3 s      |
        | 429    | as a date in 3 s      |
        | 503    | 0                     |
        | 503    | soon                  |
        | 503    | -5                    |
        | 503    | as a date in the past |
        | 429    | 31536000              |

  @RTY-003
  Rule: Retries back off
    @lasting @at-once
    Scenario: Every update of ten creations is answered 503
      Given Secrets Manager answers every update with 503
      When Secrets Manager creates ten secrets at once
      Then the retries back off

  @RTY-004
  Rule: Retries end before the task timeout
    @lasting
    Scenario: Every update of a creation is answered 503
      Given Secrets Manager answers every update with 503
      When Secrets Manager creates the secret
      Then the job gives up before the task timeout
      And the job fails

    @lasting
    Scenario: Every update of a deletion is answered 503
      Given a secret was created
      And Secrets Manager answers every update with 503
      When Secrets Manager deletes the secret
      Then the job gives up before the task timeout
      And the job fails

  @RTY-010
  Rule: The retry policy is described
    @lasting @at-once
    Scenario: Every update of ten creations is answered 503
      Given Secrets Manager answers every update with 503
      When Secrets Manager creates ten secrets at once
      Then the retry policy is described
