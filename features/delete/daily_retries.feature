Feature: Daily retries of a deletion
  Secrets Manager runs a failed deletion again a day later, up to ten times: eleven job runs in all.

  @DEL-004
  Rule: Once the third party recovers, the next daily retry deletes the credential
    @days
    Scenario Outline: The third party answers <status> and recovers on day <day>
      Given a secret was created
      And the third party answers every revocation with <status>
      When Secrets Manager deletes the secret
      And the third party recovers on day <day>
      Then all <day> failing days were reported and the credential was revoked once

      @refusal
      Examples:
        | day | status |
        | 1   | 409    |
        | 2   | 409    |
        | 10  | 409    |

      @transient
      Examples:
        | day | status |
        | 1   | 503    |
        | 2   | 503    |
        | 10  | 503    |

      @refusal @thorough
      Examples:
        | day | status |
        | 3   | 409    |
        | 4   | 409    |
        | 5   | 409    |
        | 6   | 409    |
        | 7   | 409    |
        | 8   | 409    |
        | 9   | 409    |

      @transient @thorough
      Examples:
        | day | status |
        | 3   | 503    |
        | 4   | 503    |
        | 5   | 503    |
        | 6   | 503    |
        | 7   | 503    |
        | 8   | 503    |
        | 9   | 503    |

    @days @refusal
    Scenario: The daily retries belong to one task, and the third party recovers on day 2
      Given the knob new_task_per_retry is false
      And a secret was created
      And the third party answers every revocation with 409
      When Secrets Manager deletes the secret
      And the third party recovers on day 2
      Then all 2 failing days were reported and the credential was revoked once

  @DEL-005
  Rule: While the third party does not recover, nothing is reported deleted
    @refusal
    @days
    Scenario: The third party answers 409 for ten days
      Given a secret was created
      And the third party answers every revocation with 409
      When Secrets Manager deletes the secret
      And ten days pass
      Then all eleven runs reported failed and nothing was ever reported deleted

    @transient
    @days
    Scenario: The third party answers 503 for ten days
      Given a secret was created
      And the third party answers every revocation with 503
      When Secrets Manager deletes the secret
      And ten days pass
      Then all eleven runs reported failed and nothing was ever reported deleted
