Feature: Network
  What a provider knows goes to the services that it is meant for, and nowhere else.

  @NET-002
  Rule: No secret follows a redirect
    Scenario Outline: <service> redirects every <request> to <place>
      Given <service> redirects every <request> to <place>
      When Secrets Manager creates the secret
      Then no secret followed the redirect

      Examples:
        | service         | request       | place        |
        | IAM             | token request | another host |
        | IAM             | token request | plain http   |
        | Secrets Manager | update        | another host |
        | Secrets Manager | update        | plain http   |

    @needs-third-party
    Scenario Outline: The third party redirects every creation to <place>
      Given the third party redirects every creation to <place>
      When Secrets Manager creates the secret
      Then no secret followed the redirect

      Examples:
        | place        |
        | another host |
        | plain http   |
