Feature: Action and trigger
  SM_ACTION says what to do, SM_TRIGGER why.

  @ACT-001
  Rule: An unrecognised action is reported as failed and changes nothing
    Scenario Outline: SM_ACTION is <action>
      Given the variable SM_ACTION is <action>
      When Secrets Manager creates the secret
      Then the unrecognised action is reported as failed and changes nothing
      And the job fails

      Examples:
        | action             |
        | rotate_credentials |
        | CREATE_CREDENTIALS |

  @ACT-002
  Rule: Every documented trigger works for its action
    Scenario Outline: A creation by <trigger>
      Given the variable SM_TRIGGER is <trigger>
      When Secrets Manager creates the secret
      Then the trigger works for the creation
      And the job succeeds

      Examples:
        | trigger                   |
        | secret_creation           |
        | manual_secret_rotation    |
        | automatic_secret_rotation |

    Scenario Outline: A deletion by <trigger>
      Given a secret was created
      And the knob deletion_trigger is <trigger>
      When Secrets Manager deletes the secret
      Then the trigger works for the deletion
      And the job succeeds

      Examples:
        | trigger                      |
        | secret_version_expiration    |
        | secret_version_data_deletion |
        | manual_secret_rotation       |
        | automatic_secret_rotation    |

  @ACT-003
  Rule: Without an action nothing is changed
    Scenario: SM_ACTION is absent
      Given the variable SM_ACTION is absent
      When Secrets Manager creates the secret
      Then the third party is left alone
      And the job fails

    Scenario: SM_ACTION is empty
      Given the variable SM_ACTION is empty
      When Secrets Manager creates the secret
      Then the third party is left alone
      And the job fails
