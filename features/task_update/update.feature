Feature: The task update
  The job reports with one update of its task. 400 and 404 are final answers.

  @UPD-001
  Rule: The update is a valid request to the job's own task
    Scenario: A creation is reported
      When Secrets Manager creates the secret
      Then every update is valid and names the job's own task

    Scenario: A deletion is reported
      Given a secret was created
      When Secrets Manager deletes the secret
      Then every update is valid and names the job's own task

    @needs-third-party
    Scenario: A failure is reported
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then every update is valid and names the job's own task

  @UPD-002
  Rule: 400 is a final answer
    Scenario: The update of a creation is answered 400 once
      Given Secrets Manager answers the first update with 400
      When Secrets Manager creates the secret
      Then no update follows the answer 400

    Scenario: The update of a deletion is answered 400 once
      Given a secret was created
      And Secrets Manager answers the first update with 400
      When Secrets Manager deletes the secret
      Then no update follows the answer 400

    @needs-third-party
    Scenario: The report of a failure is answered 400 once
      Given the third party answers every creation with 403
      And Secrets Manager answers the first update with 400
      When Secrets Manager creates the secret
      Then no update follows the answer 400

    Scenario: The update of a creation is answered 400 after two refusals that pass
      Given Secrets Manager answers two updates with 503 and the third with 400
      When Secrets Manager creates the secret
      Then no update follows the answer 400

  @UPD-003
  Rule: 404 is a final answer
    Scenario: The update of a creation is answered 404 once
      Given Secrets Manager answers the first update with 404
      When Secrets Manager creates the secret
      Then no update follows the answer 404

    Scenario: The update of a deletion is answered 404 once
      Given a secret was created
      And Secrets Manager answers the first update with 404
      When Secrets Manager deletes the secret
      Then no update follows the answer 404

    Scenario: The task of a creation is cancelled while the job runs
      Given the task is cancelled just before its first update
      When Secrets Manager creates the secret
      Then no update follows the answer 404

    Scenario: The update of a creation is answered 404 after two refusals that pass
      Given Secrets Manager answers two updates with 503 and the third with 404
      When Secrets Manager creates the secret
      Then no update follows the answer 404

  @UPD-004
  Rule: An accepted report is the last word
    Scenario: A creation is reported
      When Secrets Manager creates the secret
      Then no other status follows an accepted report

    Scenario: A deletion is reported
      Given a secret was created
      When Secrets Manager deletes the secret
      Then no other status follows an accepted report

    @needs-third-party
    Scenario: A failure is reported
      Given the third party answers every creation with 403
      When Secrets Manager creates the secret
      Then no other status follows an accepted report

  @UPD-005
  Rule: The job ends by itself within the task timeout
    Scenario: Everything answers at once
      When Secrets Manager creates the secret
      Then the job ended by itself within the task timeout

    @lasting @needs-third-party
    Scenario: The third party answers 503 each time
      Given the third party answers every creation with 503
      When Secrets Manager creates the secret
      Then the job ended by itself within the task timeout

    @lasting
    Scenario: IAM answers 503 each time
      Given IAM answers every token request with 503
      When Secrets Manager creates the secret
      Then the job ended by itself within the task timeout

    @lasting
    Scenario: Secrets Manager answers every update with 503
      Given Secrets Manager answers every update with 503
      When Secrets Manager creates the secret
      Then the job ended by itself within the task timeout

  @UPD-006
  Rule: A 200 is success whatever its body holds
    Scenario Outline: Updates take effect and are answered 200 with <body>
      Given Secrets Manager applies every update and answers 200 with <body>
      When Secrets Manager creates the secret
      Then the 200 is taken for success

      Examples:
        | body                      |
        | an empty object           |
        | nothing                   |
        | text                      |
        | further fields            |
        | a task without updated_by |

    Scenario: The update of a deletion is answered 200 with nothing
      Given a secret was created
      And Secrets Manager applies every update and answers 200 with nothing
      When Secrets Manager deletes the secret
      Then the 200 is taken for success

  @UPD-007
  Rule: A retried update repeats the same body
    Scenario: The update of a creation is answered 503 once
      Given Secrets Manager answers the first update with 503
      When Secrets Manager creates the secret
      Then the retried update repeats the same body

    Scenario: The update of a deletion is answered 503 once
      Given a secret was created
      And Secrets Manager answers the first update with 503
      When Secrets Manager deletes the secret
      Then the retried update repeats the same body

  @UPD-008
  Rule: A lost acknowledgement does not destroy a live credential
    Scenario Outline: The update takes effect, its answer is lost, and a repeated update is <repeated>
      Given the knob identical_update is <repeated>
      And Secrets Manager applies the first update and loses its answer
      When Secrets Manager creates the secret
      Then the live credential is not destroyed

      Examples:
        | repeated |
        | refused  |
        | accepted |

  @UPD-009
  Rule: A 401 on the update gets a fresh token once
    Scenario: The first update of a creation is answered 401
      Given Secrets Manager answers the first update with 401
      When Secrets Manager creates the secret
      Then one fresh token is fetched for the update

    Scenario: The first update of a deletion is answered 401
      Given a secret was created
      And Secrets Manager answers the first update with 401
      When Secrets Manager deletes the secret
      Then one fresh token is fetched for the update

    Scenario: Every update of a creation is answered 401
      Given Secrets Manager answers every update with 401
      When Secrets Manager creates the secret
      Then one fresh token is fetched for the update
