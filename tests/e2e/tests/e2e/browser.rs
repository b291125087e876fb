//! Chromium, and its tabs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::emulation::SetDeviceMetricsOverrideParams;
use chromiumoxide::cdp::browser_protocol::page::{EventFrameNavigated, EventLifecycleEvent};
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::listeners::EventStream;
use chromiumoxide::page::ScreenshotParams;
use chromiumoxide::{Browser, BrowserConfig, Page};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take: a failure, and no pace.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a page is seen on.
#[derive(Clone, Copy)]
pub(crate) enum Screen {
    Desk,
    Phone,
}

impl Screen {
    fn metrics(self) -> SetDeviceMetricsOverrideParams {
        let (width, height, scale, is_mobile) = match self {
            Self::Desk => (1100, 720, 1.0, false),
            Self::Phone => (390, 844, 2.0, true),
        };
        SetDeviceMetricsOverrideParams::new(width, height, scale, is_mobile)
    }
}

/// A browser that has just been installed.
pub(crate) struct Chromium {
    browser: Browser,
    events: JoinHandle<()>,
    _profile: TempDir,
}

impl Chromium {
    /// Starts it, for a person who reads this language.
    pub(crate) async fn start(language: &str) -> Self {
        let executable =
            std::env::var_os("ALIPAY_E2E_CHROMIUM").expect("`cargo xtask e2e` runs these tests: it finds Chromium");
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let config = BrowserConfig::builder()
            .chrome_executable(Path::new(&executable))
            .user_data_dir(profile.path())
            .new_headless_mode()
            .viewport(None)
            .launch_timeout(PATIENCE)
            // Nothing but the machine's own servers is opened, and CI runs as root, whom the sandbox refuses.
            .no_sandbox()
            .arg(("accept-lang", language))
            .arg(("lang", language))
            .arg("no-first-run")
            .arg("disable-gpu")
            .arg("hide-scrollbars")
            .build()
            .expect("settings of the browser");
        let (browser, mut handler) = Browser::launch(config).await.expect("Chromium starts");
        // What the browser says is waited for by others; an event that the crate does not know is none of theirs.
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Self {
            browser,
            events,
            _profile: profile,
        }
    }

    /// An empty tab.
    pub(crate) async fn tab(&self, screen: Screen) -> Tab {
        let page = self.browser.new_page("about:blank").await.expect("a tab");
        page.execute(screen.metrics()).await.expect("a screen");
        Tab {
            navigated: page.event_listener().await.expect("events"),
            loaded: page.event_listener().await.expect("events"),
            page,
            screen,
        }
    }

    /// Ends it.
    pub(crate) async fn close(mut self) {
        self.browser.close().await.expect("Chromium is asked to end");
        self.browser.wait().await.expect("Chromium ends");
        self.events.await.expect("no event is lost");
    }
}

/// A tab of a browser.
pub(crate) struct Tab {
    page: Page,
    screen: Screen,
    navigated: EventStream<EventFrameNavigated>,
    loaded: EventStream<EventLifecycleEvent>,
}

impl Tab {
    /// Goes to an address: gives that of the page that is there then.
    pub(crate) async fn open(&mut self, url: &str, arrives_at: &str) -> String {
        self.page.goto(url).await.expect("an address to go to");
        self.arrives(arrives_at).await
    }

    /// Waits until the tab shows a page whose address begins so: gives the address.
    pub(crate) async fn arrives(&mut self, begins: &str) -> String {
        let arriving = async {
            loop {
                let event = self.navigated.next().await.expect("the tab is open");
                let frame = &event.frame;
                if frame.parent_id.is_none() && frame.url.starts_with(begins) {
                    break (frame.loader_id.clone(), frame.url.clone());
                }
            }
        };
        let arrived = timeout(PATIENCE, arriving).await;
        let (loader, url) = arrived.unwrap_or_else(|_| panic!("the browser does not arrive at {begins}"));
        let loading = async {
            loop {
                let event = self.loaded.next().await.expect("the tab is open");
                if event.loader_id == loader && event.name == "load" {
                    break;
                }
            }
        };
        timeout(PATIENCE, loading).await.expect("the page is loaded");
        url
    }

    /// Where the tab is.
    pub(crate) async fn address(&self) -> String {
        let url = self.page.url().await.expect("the tab is open");
        url.expect("the tab has an address")
    }

    /// Clicks what this selector finds.
    pub(crate) async fn click(&self, selector: &str) {
        let element = self.page.find_element(selector).await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.expect("it can be clicked");
    }

    /// The text that a person reads there.
    pub(crate) async fn text(&self, selector: &str) -> String {
        let element = self.page.find_element(selector).await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.inner_text().await.expect("it has a text").unwrap_or_default()
    }

    /// Waits until something that this selector finds shows this text: the page changes by itself.
    pub(crate) async fn sees(&self, selector: &str, text: &str) {
        let script = format!(
            "new Promise((seen) => {{
                const shows = () => [...document.querySelectorAll({selector:?})].some((found) => found.innerText.includes({text:?}));
                const observer = new MutationObserver(() => {{ if (shows()) {{ observer.disconnect(); seen(true); }} }});
                observer.observe(document, {{ subtree: true, childList: true, characterData: true, attributes: true }});
                if (shows()) {{ observer.disconnect(); seen(true); }}
            }})"
        );
        let script = EvaluateParams::builder()
            .expression(script)
            .await_promise(true)
            .return_by_value(true)
            .build()
            .expect("an expression");
        let seen = timeout(PATIENCE, self.page.evaluate_expression(script)).await;
        let seen = seen.unwrap_or_else(|_| panic!("{selector} does not come to show {text:?}"));
        seen.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Whether this expression holds.
    pub(crate) async fn asks(&self, expression: &str) -> bool {
        let answer = self.page.evaluate(expression).await.expect("an answer");
        answer.into_value().expect("true or false")
    }

    /// Types into what this selector finds.
    pub(crate) async fn types(&self, selector: &str, text: &str) {
        let element = self.page.find_element(selector).await;
        let element = element.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.expect("it can be clicked");
        element.type_str(text).await.expect("it takes a text");
    }

    /// Whether a person can read this without scrolling sideways.
    pub(crate) async fn fits(&self) -> bool {
        self.asks("document.documentElement.scrollWidth <= window.innerWidth")
            .await
    }

    /// Keeps a picture of the page.
    pub(crate) async fn picture(&self, name: &str) {
        let folder = pictures();
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        let params = ScreenshotParams::builder().full_page(true).build();
        let picture = self
            .page
            .save_screenshot(params, folder.join(format!("{name}.png")))
            .await;
        assert!(!picture.expect("a picture").is_empty());
        // The screen was made as large as the page for that, and then given up.
        self.page.execute(self.screen.metrics()).await.expect("a screen");
    }
}

/// Where pictures are kept.
fn pictures() -> PathBuf {
    let folder = std::env::var_os("ALIPAY_E2E_PICTURES")
        .expect("`cargo xtask e2e` runs these tests: it has a folder for pictures");
    PathBuf::from(folder)
}
