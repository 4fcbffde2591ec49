//! Templates of texts and of JSON bodies. The main type is [`Renderer`].
//!
//! There are two modes, told apart by where a template stands. In a *text* template a value is written as it is. In a *JSON*
//! template every `{{ value }}` is written as a JSON literal, quotes and escapes included, and the whole must be JSON: no value
//! can break out of its place. `| tojson` is allowed there and changes nothing; the filters that would switch escaping off do
//! not exist, and neither do `indent` and `format`.

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, ErrorKind, Output, State, UndefinedBehavior, Value};

use super::SpecError;

/// Instructions that one rendering may take. A list of some ten thousand credentials stays far below; nested loops that would
/// hold up the cloud do not.
const FUEL: u64 = 20_000_000;

/// Template names, which decide the mode and stand in the engine's reports.
const TEXT: &str = "text";
const JSON: &str = "json";

/// Renders templates; holds no state between renderings.
pub(in crate::cloud) struct Renderer {
    environment: Environment<'static>,
}

impl Renderer {
    pub(in crate::cloud) fn new() -> Self {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|name| if name == JSON { AutoEscape::Json } else { AutoEscape::None });
        environment.set_formatter(write_value);
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        environment.set_fuel(Some(FUEL));
        // The first three would switch escaping off. The others pad to any width, and one that no memory holds ends the process.
        for filter in ["safe", "escape", "e", "indent", "format"] {
            environment.remove_filter(filter);
        }
        Self { environment }
    }

    /// Renders a text template that stands at `place`.
    pub(in crate::cloud) fn text(&self, place: &str, template: &str, context: &Value) -> Result<String, SpecError> {
        self.render(place, TEXT, template, context)
    }

    /// Renders a JSON template that stands at `place` and returns it without needless white space.
    pub(super) fn json(&self, place: &str, template: &str, context: &Value) -> Result<serde_json::Value, SpecError> {
        let text = self.render(place, JSON, template, context)?;
        serde_json::from_str(&text).map_err(|source| SpecError::NotJson { place: place.to_owned(), source })
    }

    fn render(&self, place: &str, name: &str, template: &str, context: &Value) -> Result<String, SpecError> {
        self.environment
            .template_from_named_str(name, template)
            .and_then(|template| template.render(context))
            .map_err(|source| SpecError::Template { place: place.to_owned(), source: Box::new(source) })
    }
}

/// Writes one value. The engine's own formatter writes Python's `True` and `None`, which are no words of JSON or of any API here.
fn write_value(output: &mut Output, state: &State, value: &Value) -> Result<(), minijinja::Error> {
    let as_json = match value.kind() {
        // What `tojson`, a macro or a captured block returns was rendered in this mode already.
        ValueKind::String => matches!(state.auto_escape(), AutoEscape::Json) && !value.is_safe(),
        ValueKind::Undefined | ValueKind::None if state.auto_escape() == AutoEscape::None => return Ok(()),
        ValueKind::Number => state.auto_escape() != AutoEscape::None,
        _ => true,
    };
    let written = if as_json {
        let text = serde_json::to_string(value)
            .map_err(|source| minijinja::Error::new(ErrorKind::BadSerialization, "a value has no JSON form").with_source(source))?;
        output.write_str(&text)
    } else {
        write!(output, "{value}")
    };
    written.map_err(minijinja::Error::from)
}

#[cfg(test)]
mod tests {
    use minijinja::context;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn values_cannot_leave_their_place_in_json() {
        let hostile = "\"},\"admin\":true,\"x\":{\"y\":\"</script>'\u{2028}\u{0}";
        let rendered = Renderer::new()
            .json("body", r#"{"a": {{ value }}, "b": {{ value | tojson }}, "c": {{ missing.deep }}}"#, &context! { value => hostile })
            .unwrap();
        assert_eq!(rendered, json!({"a": hostile, "b": hostile, "c": null}));
    }

    #[test]
    fn quotes_around_a_value_and_switched_off_escaping_are_errors() {
        let renderer = Renderer::new();
        let context = context! { value => "x" };
        assert!(matches!(renderer.json("body", r#"{"a": "{{ value }}"}"#, &context), Err(SpecError::NotJson { .. })));
        assert!(matches!(renderer.json("body", r#"{"a": {{ value | safe }}}"#, &context), Err(SpecError::Template { .. })));
    }

    #[test]
    fn large_numbers_survive() {
        let body: serde_json::Value = serde_json::from_str("[9007199254740993,18446744073709551615,-9223372036854775808]").unwrap();
        let context = context! { body => body };
        let renderer = Renderer::new();
        assert_eq!(renderer.json("body", "{{ body }}", &context).unwrap(), body);
        assert_eq!(renderer.text("text", "{{ body[0] }}", &context).unwrap(), "9007199254740993");
    }

    #[test]
    fn text_writes_booleans_as_apis_do_and_nothing_for_nothing() {
        let context = context! { yes => true, nothing => () };
        assert_eq!(Renderer::new().text("text", "{{ yes }}/{{ nothing }}/{{ missing }}", &context).unwrap(), "true//");
    }

    #[test]
    fn a_template_that_would_take_for_ever_is_stopped() {
        let template = "{% for a in range(10000) %}{% for b in range(10000) %}{{ '' }}{% endfor %}{% endfor %}";
        assert!(matches!(Renderer::new().text("text", template, &context! {}), Err(SpecError::Template { .. })));
    }

    #[test]
    fn no_filter_pads_to_any_width() {
        for template in ["{{ 'x\ny' | indent(width=9223372036854775807) }}", "{{ '%9999999999d' | format(1) }}"] {
            assert!(matches!(Renderer::new().text("text", template, &context! {}), Err(SpecError::Template { .. })));
        }
    }

    proptest! {
        #[test]
        fn rendering_never_panics(template in "(\\{\\{|\\}\\}|\\{%|%\\}|\\||[ a-z.()\\[\\]'\"*+/0-9-]|\\PC){0,40}", value in "\\PC*") {
            let context = context! { a => value, b => 3, c => [1, 2] };
            let renderer = Renderer::new();
            renderer.text("text", &template, &context).ok();
            renderer.json("body", &template, &context).ok();
        }

        #[test]
        fn any_text_survives_a_json_template(value in any::<String>()) {
            let rendered = Renderer::new().json("body", r#"{"a": [{{ a }}]}"#, &context! { a => value }).unwrap();
            prop_assert_eq!(rendered, json!({"a": [value]}));
        }
    }
}
