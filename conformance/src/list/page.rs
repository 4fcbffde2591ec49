//! All rules as a Markdown page: what `hallmark explain` says about each, by chapter, with an anchor for each id.

use std::fmt::Write as _;

use super::{counted, selected};
use crate::catalog::{Catalog, Profile, Rule};
use crate::chapter::{CHAPTERS, Chapter};
use crate::explain::{Section, sections};

const HEAD: &str = "\
# The rules

<!-- Written by `hallmark list --format markdown` from catalog.toml: change that, and renew this page with
     `HALLMARK_BLESS=1 cargo test -p hallmark list`. -->

What hallmark holds a credentials provider to. **must**: the documents say it or the job flow diagram draws it; **should**: the documents recommend it,
or IBM's own providers imply it; **info**: good engineering, reported and never scored. Profile `core` counts every must, `resilient` every should
too. Ids are fixed for ever, so a link to one stays right. `hallmark explain RULE` shows the same in a terminal.
";

/// Returns the rules that `profile` counts, or all without one, as a Markdown page. Ends with a line feed.
///
/// Anchors are the ids in lower case, so `RULES.md#cre-007` leads to CRE-007.
pub fn markdown(catalog: &Catalog, profile: Option<Profile>) -> String {
    let rules = selected(catalog, profile);
    let chapters: Vec<(&Chapter, Vec<&Rule>)> = CHAPTERS
        .iter()
        .map(|chapter| (chapter, rules.iter().copied().filter(|rule| Chapter::of(&rule.id) == Some(chapter)).collect::<Vec<_>>()))
        .filter(|(_, rules)| !rules.is_empty())
        .collect();
    let mut page = format!("{HEAD}\n{}\n\n| chapter | rules |\n|---|---|\n", counted(&rules));
    // Writing to a string cannot fail.
    for (chapter, rules) in &chapters {
        let links: Vec<String> = rules.iter().map(|rule| link(rule)).collect();
        let _ = writeln!(page, "| {} | {} |", chapter.title, links.join(" "));
    }
    for (chapter, of_chapter) in &chapters {
        let _ = writeln!(page, "\n## {}", chapter.title);
        for rule in of_chapter {
            write_rule(&mut page, catalog, &rules, rule);
        }
    }
    page
}

fn link(rule: &Rule) -> String {
    format!("[{}](#{})", rule.id, rule.id.as_str().to_ascii_lowercase())
}

fn write_rule(page: &mut String, catalog: &Catalog, linked: &[&Rule], rule: &Rule) {
    let _ = writeln!(page, "\n### {}\n", rule.id);
    for Section { title, paragraphs, command } in sections(catalog, rule) {
        let shown: Vec<String> = paragraphs.iter().map(|text| in_markdown(linked, title, command, text)).collect();
        let _ = match (title, shown.as_slice()) {
            ("Requirement", _) => writeln!(page, "**{}**: {}\n", rule.level, shown.join(" ")),
            // A heading of its own for the text that is read most would only stand in its way.
            ("Explanation", _) => writeln!(page, "\n{}\n", shown.join("\n\n")),
            (_, [only]) => writeln!(page, "- {title}: {only}"),
            _ => writeln!(page, "- {title}:\n  - {}", shown.join("\n  - ")),
        };
    }
}

/// Returns what a section says as Markdown.
fn in_markdown(linked: &[&Rule], title: &str, command: bool, text: &str) -> String {
    let feature = text.strip_prefix("features/").and_then(|text| text.split_once(": ")).filter(|_| title == "Observed in");
    match feature {
        // The page lies in the same folder.
        Some((path, scenarios)) => format!("[features/{path}]({path}): {}", escaped(linked, scenarios)),
        None if command => format!("`{text}`"),
        None => escaped(linked, text),
    }
}

/// Returns text without what Markdown would take for its own signs, with a link in place of each rule's id that is on the page. What stands
/// between backquotes stays.
fn escaped(linked: &[&Rule], text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(number, part)| {
        if number % 2 == 1 {
            return format!("`{part}`");
        }
        let mut part = within(part);
        for rule in linked {
            part = part.replace(rule.id.as_str(), &link(rule));
        }
        part
    });
    parts.collect()
}

/// Escapes every sign but an underscore within a word, which is only itself.
fn within(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let inside = before.is_alphanumeric() && characters.peek().is_some_and(|after| after.is_alphanumeric());
        if matches!(character, '\\' | '*' | '<' | '>' | '[' | ']' | '|') || character == '_' && !inside {
            escaped.push('\\');
        }
        escaped.push(character);
        before = character;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn catalog() -> Catalog {
        Catalog::built_in().unwrap()
    }

    #[test]
    fn the_page_beside_the_features_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../features/RULES.md");
        let page = markdown(&catalog(), None);
        if std::env::var_os("HALLMARK_BLESS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page, "{} is not current: run `HALLMARK_BLESS=1 cargo test -p hallmark list` and commit it", path.display());
    }

    #[test]
    fn every_rule_has_one_anchor_and_every_link_leads_to_one() {
        let page = markdown(&catalog(), None);
        let anchors: Vec<String> = page.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_ascii_lowercase).collect();
        let unique: BTreeSet<&String> = anchors.iter().collect();
        assert_eq!((unique.len(), anchors.len()), (catalog().rules.len(), catalog().rules.len()));
        let links: Vec<&str> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(links.len() > anchors.len());
        for link in links {
            assert!(anchors.iter().any(|anchor| anchor == link), "{link}");
        }
    }

    #[test]
    fn what_explain_says_stands_on_the_page() {
        let catalog = catalog();
        let page = markdown(&catalog, None);
        let rules = selected(&catalog, None);
        for rule in &catalog.rules {
            for section in sections(&catalog, rule) {
                for paragraph in section.paragraphs {
                    let shown = in_markdown(&rules, section.title, section.command, &paragraph);
                    assert!(page.contains(&shown), "{}: {paragraph}", rule.id);
                }
            }
        }
    }

    #[test]
    fn a_profile_makes_a_shorter_page() {
        let core = markdown(&catalog(), Some(Profile::Core));
        assert!(core.contains("### CRE-001") && !core.contains("### CRE-003") && !core.contains("Retry and backoff"), "{core}");
    }

    #[test]
    fn signs_of_markdown_mean_themselves() {
        let text = "SM_<INPUT>_VALUE and SM_ACTION, see CRE-001 and `a_b | c`";
        let catalog = catalog();
        assert_eq!(escaped(&selected(&catalog, None), text), r"SM\_\<INPUT\>\_VALUE and SM_ACTION, see [CRE-001](#cre-001) and `a_b | c`");
    }
}
