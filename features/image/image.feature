Feature: The image
  What is deployed is an image: it has to start where Code Engine starts it, with no more rights than it needs and within its size.

  @IMG-001
  Rule: The image is for linux/amd64 and runs to its end by itself
    Scenario: A secret is created and deleted
      When Secrets Manager creates the secret
      And Secrets Manager deletes the secret
      Then the image is for linux/amd64
      And every job ran to its end by itself

  @IMG-002
  Rule: The image needs no rights
    Scenario: A secret is created and deleted with the least rights
      Given the jobs run with the least rights
      When Secrets Manager creates the secret
      And Secrets Manager deletes the secret
      Then the image declares a user that is not root
      And the creation and the deletion worked

  @IMG-003
  Rule: Half a core, 1 GiB and 400 MB are enough
    Scenario: A secret is created and deleted
      Given what the jobs write is measured
      When Secrets Manager creates the secret
      And Secrets Manager deletes the secret
      Then every job stayed within the deployer's size
