//! Plots as inline SVG. Colours are classes of the page, which knows light and dark.

use std::fmt::Write as _;

/// Size of a plot in its own units.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 240.0;

/// Space for the labels.
const LEFT: f64 = 56.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 40.0;

/// How a value becomes a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Axis {
    /// From 0 to at least `high`.
    pub(super) fn linear(high: f64) -> Self {
        Self { low: 0.0, high: if high > 0.0 { high } else { 1.0 }, logarithmic: false }
    }

    /// In powers of ten around what is between `low` and `high`, both above 0.
    pub(super) fn logarithmic(low: f64, high: f64) -> Self {
        let (low, high) = (low.log10().floor(), high.log10().ceil());
        Self { low: 10_f64.powf(low), high: 10_f64.powf(if high > low { high } else { low + 1.0 }), logarithmic: true }
    }

    /// Returns where a value is, from 0 to 1.
    fn part(self, value: f64) -> f64 {
        let part = if self.logarithmic {
            (value.max(self.low).log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        part.clamp(0.0, 1.0)
    }

    /// Returns the values that are marked.
    fn ticks(self) -> Vec<f64> {
        if self.logarithmic {
            let decades = (self.high.log10() - self.low.log10()).round();
            return (0..=6).map(f64::from).take_while(|decade| *decade <= decades).map(|decade| self.low * 10_f64.powf(decade)).collect();
        }
        let span = self.high - self.low;
        let rough = 10_f64.powf((span / 5.0).log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * rough).find(|step| span / step <= 6.0).unwrap_or(span);
        (0..=12).map(|number| f64::from(number) * step).take_while(|value| *value <= self.high * 1.0001).collect()
    }
}

/// A plot under construction.
pub(super) struct Plot {
    x: Axis,
    y: Axis,
    height: f64,
    marks: String,
}

impl Plot {
    /// Begins a plot; `height` is in units of which it is 640 wide.
    pub(super) fn new(x: Axis, y: Axis) -> Self {
        Self { x, y, height: HEIGHT, marks: String::new() }
    }

    /// Makes room for so many rows, counted from 0 at the top.
    pub(super) fn of_rows(x: Axis, rows: usize) -> Self {
        let rows = crate::metrics::number(rows.max(1));
        Self { x, y: Axis::linear(rows), height: TOP + BOTTOM + rows * 14.0, marks: String::new() }
    }

    fn across(&self, x: f64) -> f64 {
        LEFT + self.x.part(x) * (WIDTH - LEFT - RIGHT)
    }

    /// Rows are counted from the top, values from the bottom.
    fn up(&self, y: f64) -> f64 {
        TOP + (1.0 - self.y.part(y)) * (self.height - TOP - BOTTOM)
    }

    fn down(&self, row: f64) -> f64 {
        TOP + self.y.part(row) * (self.height - TOP - BOTTOM)
    }

    /// Shades the time of an outage.
    pub(super) fn outage(&mut self, from: f64, until: f64) {
        let (left, right) = (self.across(from), self.across(until));
        let height = self.height - TOP - BOTTOM;
        write!(self.marks, r#"<rect class="outage" x="{left:.1}" y="{TOP}" width="{:.1}" height="{height:.1}"/>"#, right - left).ok();
    }

    /// Marks something in a row; `told` is shown to who points at it.
    pub(super) fn in_row(&mut self, x: f64, row: f64, class: &str, told: &str) {
        let (x, y) = (self.across(x), self.down(row + 0.5));
        write!(self.marks, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="3.5"><title>{}</title></circle>"#, escaped(told)).ok();
    }

    /// Marks a point.
    pub(super) fn point(&mut self, x: f64, y: f64, class: &str) {
        let (x, y) = (self.across(x), self.up(y));
        write!(self.marks, r#"<circle class="{class}" cx="{x:.1}" cy="{y:.1}" r="3"/>"#).ok();
    }

    /// Joins points.
    pub(super) fn line(&mut self, points: &[(f64, f64)], class: &str) {
        let places: Vec<String> = points.iter().map(|(x, y)| format!("{:.1},{:.1}", self.across(*x), self.up(*y))).collect();
        write!(self.marks, r#"<polyline class="{class}" points="{}"/>"#, places.join(" ")).ok();
    }

    /// Draws a bar from the bottom.
    pub(super) fn bar(&mut self, from: f64, until: f64, height: f64) {
        let (left, right, top) = (self.across(from), self.across(until), self.up(height));
        let down = self.height - BOTTOM - top;
        write!(
            self.marks,
            r#"<rect class="bar" x="{left:.1}" y="{top:.1}" width="{:.1}" height="{down:.1}"/>"#,
            (right - left - 0.5).max(0.5)
        )
        .ok();
    }

    /// Ends a plot of values.
    pub(super) fn finish(self, name: &str, x: &str, y: &str) -> String {
        let mut labels = String::new();
        for tick in self.y.ticks() {
            let place = self.up(tick);
            let end = WIDTH - RIGHT;
            write!(labels, r#"<line class="grid" x1="{LEFT}" x2="{end}" y1="{place:.1}" y2="{place:.1}"/>"#).ok();
            write!(labels, r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"#, LEFT - 6.0, place + 4.0, tick_text(tick)).ok();
        }
        let middle = f64::midpoint(TOP, self.height - BOTTOM);
        let turned = escaped(y);
        write!(labels, r#"<text transform="translate(14 {middle:.1}) rotate(-90)" text-anchor="middle">{turned}</text>"#).ok();
        self.framed(name, x, &labels)
    }

    /// Ends a plot of rows.
    pub(super) fn finish_rows(self, name: &str, x: &str) -> String {
        self.framed(name, x, "")
    }

    fn framed(&self, name: &str, x: &str, labels: &str) -> String {
        let bottom = self.height - BOTTOM;
        let end = WIDTH - RIGHT;
        let mut axis = format!(r#"<line class="axis" x1="{LEFT}" x2="{end}" y1="{bottom:.1}" y2="{bottom:.1}"/>"#);
        for tick in self.x.ticks() {
            let place = self.across(tick);
            write!(axis, r#"<text x="{place:.1}" y="{:.1}" text-anchor="middle">{}</text>"#, bottom + 16.0, tick_text(tick)).ok();
        }
        let middle = f64::midpoint(LEFT, end);
        write!(axis, r#"<text x="{middle:.1}" y="{:.1}" text-anchor="middle">{}</text>"#, bottom + 33.0, escaped(x)).ok();
        format!(
            r#"<svg viewBox="0 0 {WIDTH} {:.0}" role="img" aria-label="{}"><g>{labels}{axis}{}</g></svg>"#,
            self.height,
            escaped(name),
            self.marks
        )
    }
}

fn tick_text(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns a text as it may stand in markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(Axis::linear(15.0).ticks(), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(Axis::linear(1.0).ticks().len(), 6, "one fifth each");
        let decades: Vec<String> = Axis::logarithmic(0.03, 12.0).ticks().into_iter().map(tick_text).collect();
        assert_eq!(decades, ["0.01", "0.1", "1", "10", "100"]);
    }

    #[test]
    fn a_place_is_within_the_plot_whatever_the_value() {
        let axis = Axis::logarithmic(0.1, 10.0);
        assert!((axis.part(1.0) - 0.5).abs() < 1e-9);
        assert_eq!((axis.part(0.0), axis.part(1e9)), (0.0, 1.0));
    }

    #[test]
    fn texts_are_escaped() {
        let plot = Plot::new(Axis::linear(1.0), Axis::linear(1.0)).finish("a \"b\" & <c>", "x", "y");
        assert!(plot.contains("a &quot;b&quot; &amp; &lt;c&gt;") && !plot.contains("<c>"));
    }
}
