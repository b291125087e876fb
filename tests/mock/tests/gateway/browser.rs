//! A browser without scripts: it follows redirects, reads pages and presses their buttons.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::client::Client;

/// A browser, and the page that it shows.
pub(crate) struct Browser {
    http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

impl Browser {
    /// Opens what a merchant's site leads to.
    pub(crate) async fn open(client: &Client, method: &str, content: &Value, extra: &[(&str, &str)]) -> Self {
        let parameters = client.signed(method, content, extra);
        Self::follow(client, client.get(&parameters).await).await
    }

    /// Opens an address.
    pub(crate) async fn at(client: &Client, url: &str) -> Self {
        Self::follow(client, client.http.get(url).send().await.unwrap()).await
    }

    /// Goes where a response leads.
    pub(crate) async fn follow(client: &Client, response: reqwest::Response) -> Self {
        let mut browser = Self {
            http: client.http.clone(),
            url: String::new(),
            status: 0,
            headers: HeaderMap::new(),
            html: String::new(),
        };
        browser.load(response).await;
        browser
    }

    /// Loads the page again, with these headers.
    pub(crate) async fn reload(&mut self, headers: &[(&str, &str)]) {
        let request = headers.iter().fold(self.http.get(&self.url), |request, (name, value)| {
            request.header(*name, *value)
        });
        self.load(request.send().await.unwrap()).await;
    }

    /// Presses the button of this value.
    pub(crate) async fn press(&mut self, button: &str) {
        let mut fields = self.fields();
        fields.push(("press".to_owned(), button.to_owned()));
        self.submit(&fields, &[]).await;
    }

    /// The same, of somebody else than the page has chosen.
    pub(crate) async fn press_as(&mut self, button: &str, person: &str) {
        let mut fields = self.fields();
        fields.retain(|(name, _)| name != "person");
        fields.push(("person".to_owned(), person.to_owned()));
        fields.push(("press".to_owned(), button.to_owned()));
        self.submit(&fields, &[]).await;
    }

    /// Posts these fields to where the page's form goes, or else to the page.
    pub(crate) async fn submit(&mut self, fields: &[(String, String)], headers: &[(&str, &str)]) {
        let action = attribute(&self.html, "<form ", "action");
        let url = reqwest::Url::parse(&self.url).unwrap();
        let url = url.join(&action.unwrap_or_default()).unwrap();
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self
            .http
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value));
        self.load(request.body(body).send().await.unwrap()).await;
    }

    /// What the page's form sends without a button.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        let inputs = self.html.split("<input ").skip(1);
        let inputs = inputs.map(|input| input.split('>').next().unwrap());
        let sent = inputs.filter(|input| input.contains("hidden") || input.ends_with(" checked"));
        let value = |input: &str, name: &str| attribute(&format!("<input {input}>"), "<input ", name).unwrap();
        sent.map(|input| (value(input, "name"), value(input, "value")))
            .collect()
    }

    /// The token of the page's buttons.
    pub(crate) fn token(&self) -> String {
        let token = self.fields().into_iter().find(|(name, _)| name == "token");
        token.expect("the page has a token").1
    }

    /// The text that the page shows in the element of this name.
    pub(crate) fn shows(&self, id: &str) -> Option<String> {
        let (_, rest) = self.html.split_once(&format!(" id=\"{id}\""))?;
        let (_, text) = rest.split_once('>')?;
        Some(unescaped(text.split('<').next()?))
    }

    /// Where the page sends the browser by itself.
    pub(crate) fn goes_to(&self) -> Option<String> {
        let refresh = attribute(&self.html, "<meta http-equiv=\"refresh\" ", "content")?;
        Some(refresh.split_once(";url=")?.1.to_owned())
    }

    async fn load(&mut self, mut response: reqwest::Response) {
        for _ in 0..5 {
            self.url = response.url().to_string();
            let target = response
                .headers()
                .get("location")
                .map(|target| target.to_str().unwrap());
            let Some(target) = target else { break };
            let target = response.url().join(target).unwrap();
            if target.origin() != response.url().origin() {
                self.url = target.to_string();
                break;
            }
            response = self.http.get(target).send().await.unwrap();
        }
        self.status = response.status().as_u16();
        self.headers = response.headers().clone();
        self.html = response.text().await.unwrap();
    }
}

/// An attribute of the first tag that begins so.
fn attribute(html: &str, begins: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(begins)?;
    let tag = format!(" {}", rest.split_once('>')?.0);
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescaped(value.split_once('"')?.0))
}

/// Text as HTML's parser reads it.
fn unescaped(text: &str) -> String {
    let entities = [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ];
    entities
        .iter()
        .fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
}
