//! Tests of the login secret, as part of the module.

use serde_json::json;

use super::*;

#[test]
fn a_login_secret_is_one_line_of_a_known_type() {
    let read = |secret: &Value| read_login_secret(secret).map(|token| token.expose_secret().to_owned());
    let arbitrary = |payload: Value| json!({"secret_type": "arbitrary", "payload": payload});
    assert_eq!(read(&arbitrary("abc".into())).as_deref(), Some("abc"));
    assert_eq!(read(&arbitrary("abc\n".into())).as_deref(), Some("abc"));
    assert_eq!(read(&json!({"secret_type": "username_password", "username": "u", "password": "p"})).as_deref(), Some("p"));
    assert_eq!(read(&json!({"secret_type": "iam_credentials", "api_key": "k"})).as_deref(), Some("k"));
    for unusable in [
        arbitrary("".into()),
        arbitrary("two\nlines".into()),
        arbitrary("caf\u{e9}".into()),
        arbitrary(json!(7)),
        json!({"secret_type": "arbitrary"}),
        json!({"secret_type": "kv", "data": {"token": "abc"}}),
        json!({"payload": "abc"}),
        json!([]),
    ] {
        assert_eq!(read(&unusable), None, "{unusable}");
    }
}
