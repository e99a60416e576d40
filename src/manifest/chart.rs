//! What HelmReleases of Flux and Applications of Argo CD say of the chart that they deploy.

use std::fmt;

use super::tree::{Tree, Value};

/// A chart that is elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChartRef {
    /// Its name.
    pub chart: String,
    /// The version that is asked for.
    pub version: Option<String>,
    /// Where it is: an address, or the object that says it.
    pub from: Option<String>,
}

impl fmt::Display for ChartRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chart {}", self.chart)?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        self.from.as_ref().map_or(Ok(()), |from| write!(f, " from {from}"))
    }
}

fn text(tree: &Tree, keys: &[&str]) -> Option<String> {
    tree.at(keys).and_then(single).filter(|text| !text.is_empty())
}

fn single(tree: &Tree) -> Option<String> {
    match &tree.value {
        Value::Str(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The chart of a HelmRelease. `url` knows the addresses of sources, by kind and name.
pub fn chart_of(release: &Tree, url: impl Fn(&str, &str) -> Option<String>) -> ChartRef {
    let (source, chart, version) = match release.at(&["spec", "chartRef"]) {
        Some(source) => (Some(source), text(source, &["name"]), None),
        None => {
            let spec = release.at(&["spec", "chart", "spec"]);
            let field = |key: &str| spec.and_then(|spec| text(spec, &[key]));
            (spec.and_then(|spec| spec.get("sourceRef")), field("chart"), field("version"))
        }
    };
    let from = source.and_then(|source| {
        let (kind, name) = (text(source, &["kind"])?, text(source, &["name"])?);
        Some(url(&kind, &name).unwrap_or_else(|| format!("{kind} {name}")))
    });
    ChartRef { chart: chart.unwrap_or_else(|| "without a name".into()), version, from }
}

/// The chart of a source of an Application.
pub fn chart_of_source(source: &Tree) -> ChartRef {
    ChartRef {
        chart: text(source, &["chart"]).unwrap_or_else(|| "without a name".into()),
        version: text(source, &["targetRevision"]),
        from: text(source, &["repoURL"]),
    }
}

impl Tree {
    /// The value as JSON.
    pub fn to_json(&self) -> String {
        self.json().to_string()
    }

    fn json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(number) => (*number).into(),
            Value::UInt(number) => (*number).into(),
            Value::Float(number) => (*number).into(),
            Value::Str(text) => text.to_string().into(),
            Value::Seq(items) => items.iter().map(Tree::json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|e| (e.key.to_string(), e.value.json())).collect::<serde_json::Map<_, _>>().into()
            }
        }
    }
}
