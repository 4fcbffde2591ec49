Feature: Deleting a credential
  A delete job revokes the credential that SM_CREDENTIALS_ID names, and only then reports it deleted.

  @DEL-001
  Rule: A delete job revokes the credential, then reports it deleted
    Scenario: A secret is deleted
      Given a secret was created
      When Secrets Manager deletes the secret
      Then the credential was revoked and then reported deleted
      And the job succeeds

  @DEL-003
  Rule: A credential that is already gone is reported as deleted
    Scenario: Somebody revoked the credential before
      Given a secret was created
      And somebody revoked its credential at the third party
      When Secrets Manager deletes the secret
      Then the credential is reported deleted
      And the job succeeds

  @DEL-006
  Rule: A deletion whose report is not accepted brings nothing back
    @lasting
    Scenario Outline: The update of a deletion is answered <status> each time
      Given a secret was created
      And Secrets Manager answers every update with <status>
      When Secrets Manager deletes the secret
      Then no credential is made in the delete job
      And the job fails

      Examples:
        | status |
        | 400    |
        | 404    |
        | 403    |
        | 503    |

  @DEL-007
  Rule: Without a credentials id nothing is deleted
    Scenario: SM_CREDENTIALS_ID is absent
      Given a secret was created
      And the variable SM_CREDENTIALS_ID is absent
      When Secrets Manager deletes the secret
      Then nothing is deleted and the task gets one final report

    Scenario: SM_CREDENTIALS_ID is empty
      Given a secret was created
      And the variable SM_CREDENTIALS_ID is empty
      When Secrets Manager deletes the secret
      Then nothing is deleted and the task gets one final report

  @DEL-008
  Rule: No other credential is touched
    Scenario: Another secret has a credential of the same provider
      Given a secret was created
      And another secret was created
      When Secrets Manager deletes the secret
      Then no credential of anybody else is touched

  @DEL-009
  Rule: The same deletion run twice ends the same
    Scenario: The deletion is asked for once more
      Given a secret was created
      When Secrets Manager deletes the secret
      And Secrets Manager asks for the same deletion once more
      Then both deletions end the same
