//! Reads label selectors of manifests
//! (<https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/>).

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use super::read::{Fault, Field, Read};
use crate::manifest::Tree;
use crate::net::{Requirement, Selector};

/// The selector that a typed object holds.
pub fn from_typed(selector: &meta::LabelSelector) -> Result<Selector, String> {
    let mut requirements = Vec::new();
    for (key, value) in selector.match_labels.iter().flatten() {
        requirements.push(Requirement::equals(key, value)?);
    }
    for expression in selector.match_expressions.iter().flatten() {
        requirements.push(Requirement::new(
            &expression.key,
            &expression.operator,
            expression.values.clone().unwrap_or_default(),
        )?);
    }
    Ok(Selector::new(requirements))
}

/// The selector that a tree holds; `null` selects everything, as `{}` does.
pub fn from_tree(tree: &Tree) -> Result<Selector, String> {
    read(&Field::root(tree)).map_err(|fault| fault.to_string())
}

/// The selector of a field.
pub(super) fn read(field: &Field<'_>) -> Read<Selector> {
    field.must_be_map()?;
    let mut requirements = Vec::new();
    if let Some(labels) = field.get("matchLabels") {
        for label in labels.entries()? {
            let value = label.text_or_empty()?;
            requirements.push(Requirement::equals(label.key(), value).map_err(|m| label.fault(m))?);
        }
    }
    for expression in field.list("matchExpressions")? {
        expression.must_be_map()?;
        let key = expression.required("key")?;
        let operator = expression.required("operator")?;
        let values =
            expression.list("values")?.iter().map(|v| v.text().map(str::to_owned)).collect::<Read<Vec<String>>>()?;
        let made = Requirement::new(key.text()?, operator.text()?, values);
        requirements.push(made.map_err(|m| expression.fault(m))?);
    }
    Ok(Selector::new(requirements))
}

impl From<Fault> for String {
    fn from(fault: Fault) -> String {
        fault.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Labels;

    #[test]
    fn an_unknown_value_is_there_but_never_named() {
        let hash = Labels::from([("pod-template-hash".to_owned(), crate::cluster::UNKNOWN_VALUE.to_owned())]);
        assert!("pod-template-hash".parse::<Selector>().unwrap().matches(&hash));
        assert!(!"pod-template-hash=abc".parse::<Selector>().unwrap().matches(&hash));
    }

    #[test]
    fn equal_selectors_are_equal_however_they_are_written() {
        let typed = meta::LabelSelector {
            match_labels: Some(
                [("b", "2"), ("a", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into_iter().collect(),
            ),
            match_expressions: Some(vec![meta::LabelSelectorRequirement {
                key: "a".into(),
                operator: "In".into(),
                values: Some(vec!["1".into()]),
            }]),
        };
        assert_eq!(from_typed(&typed).unwrap().to_string(), "a=1,b=2");
    }
}
