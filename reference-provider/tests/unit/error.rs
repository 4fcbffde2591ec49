//! Tests of what the task is told, as part of the module.

use super::*;

#[test]
fn a_failed_update_has_one_error_with_code_and_description() {
    let report = Failure::InputInvalid("SM_URL_VALUE", "an address: https").report();
    assert_eq!(
        report,
        json!({"status": "failed", "errors": [{"code": "INPUT_INVALID",
            "description": "The input SM_URL_VALUE must be an address: https. Nothing was changed."}]})
    );
}
