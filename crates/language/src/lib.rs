//! What all written files share: YAML with places, problems, expressions, JSONPath.
