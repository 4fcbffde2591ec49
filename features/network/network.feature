Feature: Network
  What a provider knows goes to the services that it is meant for, and nowhere else.

  @NET-001 @https
  Rule: Certificates are verified
    Scenario Outline: <service> shows a certificate that <flaw>
      Given <service> shows a certificate that <flaw>
      When Secrets Manager creates the secret
      Then nothing secret went to whoever showed the certificate

      Examples:
        | service         | flaw                       |
        | IAM             | is of an unknown authority |
        | IAM             | is expired                 |
        | IAM             | is for another host        |
        | Secrets Manager | is of an unknown authority |
        | Secrets Manager | is expired                 |
        | Secrets Manager | is for another host        |

    @needs-third-party
    Scenario Outline: The third party shows a certificate that <flaw>
      Given the third party shows a certificate that <flaw>
      When Secrets Manager creates the secret
      Then nothing secret went to whoever showed the certificate

      Examples:
        | flaw                       |
        | is of an unknown authority |
        | is expired                 |
        | is for another host        |

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
