Feature: Undoing a creation
  A credential that Secrets Manager did not take note of must not live on: nobody would ever revoke it.

  @CRE-007
  Rule: A created credential whose report is not accepted is undone
    @lasting
    Scenario Outline: The update is answered <status> each time
      Given Secrets Manager answers every update with <status>
      When Secrets Manager creates the secret
      Then the created credential is no longer alive at the third party
      And the job fails

      Examples:
        | status |
        | 400    |
        | 404    |
        | 401    |
        | 403    |
        | 409    |
        | 500    |
        | 503    |

    Scenario Outline: The update is answered <status> after two refusals that pass
      Given Secrets Manager answers two updates with 503 and the third with <status>
      When Secrets Manager creates the secret
      Then the created credential is no longer alive at the third party
      And the job fails

      Examples:
        | status |
        | 400    |
        | 404    |

    Scenario: The update is answered 400 once
      Given Secrets Manager answers the first update with 400
      When Secrets Manager creates the secret
      Then the created credential is no longer alive at the third party
      And the job fails

    @lasting
    Scenario: The update's connection is reset each time
      Given Secrets Manager resets every update
      When Secrets Manager creates the secret
      Then the created credential is no longer alive at the third party
      And the job fails

    Scenario Outline: The task is cancelled while the job runs, and the late update is answered <status>
      Given the knob cancelled_task_status is <status>
      And the task is cancelled just before its first update
      When Secrets Manager creates the secret
      Then the created credential is no longer alive at the third party
      And the job fails

      Examples:
        | status |
        | 404    |
        | 400    |

    Scenario Outline: The task times out while the job runs, and the late update is answered <status>
      Given the knob final_task_status is <status>
      And the task times out just before its first update
      When Secrets Manager creates the secret
      Then the created credential is no longer alive at the third party
      And the job fails

      Examples:
        | status |
        | 400    |
        | 409    |
        | 412    |

  @CRE-012
  Rule: An undo that fails is tried again, and the log names what may live on
    Scenario Outline: The report is answered <status> and the first revocation fails
      Given Secrets Manager answers every update with <status>
      And the third party answers the first revocation with 503
      When Secrets Manager creates the secret
      Then the undo was tried again and the log names what lives on

      Examples:
        | status |
        | 400    |
        | 404    |

    @lasting
    Scenario Outline: The report is answered <status> and every revocation fails
      Given Secrets Manager answers every update with <status>
      And the third party answers every revocation with 503
      When Secrets Manager creates the secret
      Then the undo was tried again and the log names what lives on

      Examples:
        | status |
        | 400    |
        | 404    |
