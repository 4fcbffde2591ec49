//! The page as a browser shows it: Chromium from Debian's packages, driven over WebDriver.
//!
//! With HALLMARK_SCREENSHOTS set to a folder, what the browser showed is kept there.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use fantoccini::{Client, ClientBuilder, Locator};
use hallmark_benches::outcome::Outcome;
use hallmark_benches::report;
use serde_json::{Value, json};

/// A recorded run of the reference provider.
const RECORDED: &str = include_str!("recorded/bench.json");

/// A driver that is ended with the test.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts one; none where there is none on this machine, which is said.
    fn start() -> Option<Self> {
        let started = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut process) = started else {
            // Not by `println!`, which is shown only of tests that fail.
            std::io::stderr()
                .write_all(b"skipped: the page needs chromedriver, which is not on this machine; .ci/prepare installs it\n")
                .ok();
            return None;
        };
        let lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
        let port =
            lines.map_while(Result::ok).find_map(|line| line.split("successfully on port ").nth(1)?.trim_end_matches('.').parse().ok());
        Some(Self { process, port: port.expect("chromedriver says its port") })
    }

    async fn browser(&self, dark: bool) -> Client {
        let mut arguments = vec!["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,1600"];
        if dark {
            arguments.push("--force-dark-mode");
        }
        let Value::Object(capabilities) = json!({ "goog:chromeOptions": { "args": arguments } }) else { unreachable!("an object") };
        let address = format!("http://127.0.0.1:{}", self.port);
        ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&address)
            .await
            .expect("chromium starts")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// What the browser says about the page it shows.
async fn measured(browser: &Client, script: &str) -> Value {
    browser.execute(script, Vec::new()).await.expect("the script runs")
}

/// Keeps what the browser shows, where somebody asked for it.
async fn keep(browser: &Client, name: &str) {
    let Some(folder) = std::env::var_os("HALLMARK_SCREENSHOTS") else { return };
    let picture = browser.screenshot().await.expect("a screenshot");
    std::fs::write(Path::new(&folder).join(name), picture).expect("the screenshot is written");
}

#[tokio::test]
async fn a_browser_shows_everything_in_light_and_dark_without_scripts() {
    let Some(driver) = Driver::start() else { return };
    let outcome: Outcome = serde_json::from_str(RECORDED).expect("the recorded run is read");
    let place = tempfile::tempdir().expect("a temporary folder");
    let file = place.path().join("bench.html");
    std::fs::write(&file, report::page(&outcome)).expect("the page is written");

    let mut papers = Vec::new();
    for dark in [false, true] {
        let browser = driver.browser(dark).await;
        browser.goto(&format!("file://{}", file.display())).await.expect("the page is opened");
        assert_eq!(browser.find(Locator::Css("h1")).await.unwrap().text().await.unwrap(), "How reference-provider (artifactory) retries");
        let policies = browser.find(Locator::Css("table.policies")).await.unwrap().text().await.unwrap();
        assert!(policies.contains("update on 503"), "{policies}");
        let rows = browser.find_all(Locator::Css("table.experiments tbody tr")).await.unwrap();
        assert_eq!(rows.len(), outcome.measurement.experiments.len());

        // Every plot has a size, and every mark of it lies within it.
        let outside = "return [...document.querySelectorAll('svg')].filter(svg => {
            const frame = svg.getBoundingClientRect();
            const marks = [...svg.querySelectorAll('circle, rect, polyline, text')].map(mark => mark.getBoundingClientRect());
            return frame.width < 200 || frame.height < 50 || marks.some(mark => mark.left < frame.left - 2 || mark.right > frame.right + 2 ||
                mark.top < frame.top - 2 || mark.bottom > frame.bottom + 2);
        }).map(svg => svg.getAttribute('aria-label'))";
        assert_eq!(measured(&browser, outside).await, json!([]));
        assert!(measured(&browser, "return document.querySelectorAll('svg').length").await.as_u64().unwrap() > 4);
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(measured(&browser, overflow).await, json!(0));
        keep(&browser, if dark { "dark.png" } else { "light.png" }).await;

        // On a phone, too, only tables scroll sideways.
        browser.set_window_size(400, 900).await.unwrap();
        assert_eq!(measured(&browser, overflow).await, json!(0));
        papers.push(measured(&browser, "return getComputedStyle(document.body).backgroundColor").await);
        browser.close().await.unwrap();
    }
    assert_eq!(papers, [json!("rgb(255, 255, 255)"), json!("rgb(22, 24, 28)")]);
}
