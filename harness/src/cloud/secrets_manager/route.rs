//! Paths of the API.

use http::Method;

use crate::journal::Operation;

/// A path taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route<'path> {
    pub(super) operation: Operation,
    pub(super) secret: Option<&'path str>,
    pub(super) task: Option<&'path str>,
    /// Whether the path exists but not with this method.
    pub(super) wrong_method: bool,
}

pub(super) fn route<'path>(method: &Method, path: &'path str) -> Route<'path> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (operation, secret, task, known) = match parts.as_slice() {
        ["api", "v2", "secrets", secret] => {
            let operation = if method == Method::GET { Operation::GetSecret } else { Operation::Other };
            (operation, Some(*secret), None, true)
        }
        ["api", "v2", "secrets", secret, "tasks"] => {
            let operation = if method == Method::GET { Operation::ListTasks } else { Operation::Other };
            (operation, Some(*secret), None, true)
        }
        ["api", "v2", "secrets", secret, "tasks", task] => {
            let operation = match *method {
                Method::GET => Operation::GetTask,
                Method::PUT => Operation::UpdateTask,
                Method::DELETE => Operation::DeleteTask,
                _ => Operation::Other,
            };
            (operation, Some(*secret), Some(*task), true)
        }
        _ => (Operation::Other, None, None, false),
    };
    Route { operation, secret, task, wrong_method: known && operation == Operation::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_their_operation() {
        let of = |method: Method, path: &'static str| route(&method, path);
        assert_eq!(of(Method::GET, "/api/v2/secrets/s").operation, Operation::GetSecret);
        assert_eq!(of(Method::GET, "/api/v2/secrets/s/tasks").operation, Operation::ListTasks);
        let update = of(Method::PUT, "/api/v2/secrets/s/tasks/t");
        assert_eq!((update.operation, update.secret, update.task), (Operation::UpdateTask, Some("s"), Some("t")));
        assert_eq!(of(Method::DELETE, "/api/v2/secrets/s/tasks/t").operation, Operation::DeleteTask);
        assert!(of(Method::POST, "/api/v2/secrets/s/tasks").wrong_method, "a documentation page says POST; the service says GET");
        assert_eq!(of(Method::GET, "/api/v2/nothing").operation, Operation::Other);
    }
}
