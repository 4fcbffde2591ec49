Feature: Crashes and reruns
  A job can be killed at any moment. Code Engine then runs it again, with the same task.

  @CRA-001
  Rule: A killed creation leaves no orphan
    Scenario Outline: A create job is killed <moment> each of its calls
      When Secrets Manager creates the secret
      And such a job is killed <moment> each of its calls, and run again
      Then no killed creation left an orphan

      Examples:
        | moment |
        | before |
        | during |
        | after  |

  @CRA-002
  Rule: A killed deletion is finished
    Scenario Outline: A delete job is killed <moment> each of its calls
      When Secrets Manager creates the secret
      And Secrets Manager deletes the secret
      And such a job is killed <moment> each of its calls, and run again
      Then every killed deletion was finished

      Examples:
        | moment |
        | before |
        | during |
        | after  |
