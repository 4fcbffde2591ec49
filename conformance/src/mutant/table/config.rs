//! Mutations of what a provider declares. Each works as it should: what is wrong stands in its `job_config.json`.
//!
//! What a mutation declares beyond the reference provider is an optional string: the provider checks no other integer, boolean or enum (CRE-009).

use super::Mutation;

mutations! {
    // What one tool takes and the other refuses is a disagreement as well (CFG-003).
    TRAILING_COMMA = "CFG-001/trailing-comma", "A value of its job_config.json ends with a comma, which the generator refuses.";
        breaks "CFG-001" "CFG-003"; declares "SMIN_SCOPE" = "type:string, required:true,";
        says "SMIN_SCOPE ends with a comma: the generator refuses it, the deployer accepts it";
    // The generator believes the last type (CFG-003).
    CORRECTED_TYPE = "CFG-001/corrected-type", "A value of its job_config.json has an unknown type before a known one, which the deployer refuses.";
        breaks "CFG-001" "CFG-003"; declares "SMIN_SCOPE" = "type:text, type:string, required:true";
        says "SMIN_SCOPE has the unknown type `text`: the deployer refuses it, the generator accepts it";
    MINIMUM = "CFG-001/minimum", "Its job_config.json has an attribute that neither tool knows.";
        breaks "CFG-001"; declares "SMIN_EXPIRES_IN" = "type:integer, required:false, minimum:60";
        says "SMIN_EXPIRES_IN has the unknown attribute `minimum`: generator and deployer refuse it";
    NOTHING_REQUIRED = "CFG-002/nothing-required", "None of its outputs is required.";
        breaks "CFG-002"; declares "SMOUT_TOKEN" = "type:string, required:false"; says "no output is required";
    // The deployer takes it, and an attribute stands twice (CFG-003).
    TAKEN_BACK = "CFG-002/taken-back", "Its only required output says once more that it is not.";
        breaks "CFG-002" "CFG-003"; declares "SMOUT_TOKEN" = "type:string, required:true, required:false";
        says "no output is required: the generator refuses it, the deployer accepts it";
    CALLED_ACTION = "CFG-003/called-action", "An input of it is called like a variable of Secrets Manager, and its generated code does not compile.";
        breaks "CFG-003"; declares "SMIN_ACTION" = "type:string, required:false"; says "SMIN_ACTION is called like SM_ACTION";
    RUNS_A_COMMAND = "CFG-003/runs-a-command", "An option of an enum is a command, which the deployer's shell runs.";
        breaks "CFG-003"; declares "SMIN_SYSTEM" = "type:enum[artifactory|pagerduty|$(whoami)], required:true";
        says "SMIN_SYSTEM has `$(whoami)` in its value";
    TWO_TYPES = "CFG-003/two-types", "An input of it has two types.";
        breaks "CFG-003"; declares "SMIN_EXPIRES_IN" = "type:string, type:integer, required:false"; says "SMIN_EXPIRES_IN has `type` twice";
    ASKS_FOR_A_PASSWORD = "PRV-007/password", "An input of it asks for a password as a string.";
        breaks "PRV-007"; declares "SMIN_ADMIN_PASSWORD" = "type:string, required:false";
        says "the input admin_password asks for a password as plain text";
    ASKS_FOR_A_PHONE = "PRV-007/phone", "An input of it asks for a telephone number.";
        breaks "PRV-007"; declares "SMIN_PHONE_NUMBER" = "type:string, required:false";
        says "the input phone_number asks for a telephone number as plain text";
}
