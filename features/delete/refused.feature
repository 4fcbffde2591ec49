Feature: A deletion that cannot be done
  While the credential lives, a deletion is reported as failed: then Secrets Manager tries again the next day.

  @DEL-002
  Rule: A revocation that did not succeed is reported as failed
    Scenario Outline: The third party answers the revocation with <status>
      Given a secret was created
      And the third party answers every revocation with <status>
      When Secrets Manager deletes the secret
      Then the living credential is reported as not deleted
      And the job fails

      @transient
      Examples:
        | status |
        | 429    |
        | 500    |
        | 503    |

      @refusal
      Examples:
        | status |
        | 401    |
        | 403    |
        | 409    |
        | 423    |

    @lasting
    Scenario: The third party resets the connection of every revocation
      Given a secret was created
      And the third party resets every revocation
      When Secrets Manager deletes the secret
      Then the living credential is reported as not deleted
      And the job fails

    @lasting
    Scenario: The third party closes the connection of every revocation
      Given a secret was created
      And the third party closes every revocation
      When Secrets Manager deletes the secret
      Then the living credential is reported as not deleted
      And the job fails

  @DEL-010
  Rule: A login secret or an answer that cannot be used is reported as failed
    @needs-login-secret
    Scenario Outline: The login secret is <state> when the credential is to be deleted
      Given a secret was created
      And the login secret is <state>
      When Secrets Manager deletes the secret
      Then the living credential is reported as not deleted
      And the job fails

      Examples:
        | state           |
        | missing         |
        | forbidden       |
        | of another type |
        | malformed       |

    @needs-third-party
    Scenario: The third party redirects every revocation to a login page
      Given a secret was created
      And the third party redirects every revocation to a login page
      When Secrets Manager deletes the secret
      Then the living credential is reported as not deleted
      And the job fails
