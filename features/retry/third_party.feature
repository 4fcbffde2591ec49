Feature: Retries at the third party
  What passes is tried again, what was refused for good is not, and nothing is left behind that nobody knows.

  @RTY-007
  Rule: A transient failure of the third party is retried
    Scenario Outline: The first creation is answered <status>
      Given the third party answers the first creation with <status>
      When Secrets Manager creates the secret
      Then the call is retried and the job succeeds

      Examples:
        | status |
        | 429    |
        | 500    |
        | 502    |
        | 503    |
        | 504    |

    Scenario Outline: The third party <ends> the connection of the first creation
      Given the third party <ends> the first creation
      When Secrets Manager creates the secret
      Then the call is retried and the job succeeds

      Examples:
        | ends   |
        | resets |
        | closes |

    Scenario Outline: The first revocation is answered <status>
      Given a secret was created
      And the third party answers the first revocation with <status>
      When Secrets Manager deletes the secret
      Then the call is retried and the job succeeds

      Examples:
        | status |
        | 429    |
        | 503    |

    Scenario: The third party resets the connection of the first revocation
      Given a secret was created
      And the third party resets the first revocation
      When Secrets Manager deletes the secret
      Then the call is retried and the job succeeds

  @RTY-008
  Rule: A creation whose answer was lost leaves no second credential
    Scenario Outline: The first creation takes effect and the third party <how>
      Given the third party applies the first creation and <how>
      When Secrets Manager creates the secret
      Then no second credential is left behind

      Examples:
        | how              |
        | loses its answer |
        | cuts its answer  |
        | answers 500      |
        | answers 502      |
        | answers 504      |

  @RTY-009
  Rule: A refusal of the third party is final
    Scenario Outline: Every creation is answered <status>
      Given the third party answers every creation with <status>
      When Secrets Manager creates the secret
      Then the refusal is final

      Examples:
        | status |
        | 400    |
        | 401    |
        | 403    |

    Scenario Outline: Every revocation is answered <status>
      Given a secret was created
      And the third party answers every revocation with <status>
      When Secrets Manager deletes the secret
      Then the refusal is final

      Examples:
        | status |
        | 400    |
        | 401    |
        | 403    |
