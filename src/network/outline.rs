//! The outline of an ONNX file: what it takes and gives, its operators and names, read before the
//! engine sees the file, and refused where the engine would go wrong.
//!
//! The engine trusts a file's numbers: a flipped bit in a shape made it ask for 51 GB. So every
//! tensor must have its bytes in the file, and every number from which a shape is made must lie
//! below what any network for pictures needs. What cannot be seen here is a chain of steps that
//! each enlarge a little; against a file made to do harm only the system's own limits help.
//!
//! # Source
//!
//! The field numbers are those of `onnx.proto3` (Open Neural Network Exchange, IR version 10).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::wire::{Broken, Value, fields};

/// Most operators of a network: an assumption, far above networks for pictures.
const MOST_NODES: usize = 100_000;

/// Most values of a tensor that a shape in the file asks for: 1 GB.
const MOST_VALUES: u128 = 1 << 28;

/// Largest kernel, stride, pad or dilation.
const LARGEST_STEP: i64 = 4096;

/// Largest factor of an enlargement; networks undo at most their own patches, 32 px.
const LARGEST_SCALE: f32 = 64.0;

/// Deepest nesting of graphs inside operators.
const DEEPEST: usize = 8;

/// An input or output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) name: String,
    /// Sides; `None` where they are free.
    pub(super) dims: Vec<Option<usize>>,
    /// ONNX's number of the element type; 1 is `f32`.
    pub(super) element: i64,
}

/// What there is to know of a network before it is loaded.
#[derive(Clone, Debug, Default)]
pub(super) struct Outline {
    /// Inputs that are not weights.
    pub(super) inputs: Vec<Port>,
    pub(super) outputs: Vec<Port>,
    /// How often each operator occurs.
    pub(super) operators: BTreeMap<String, usize>,
    /// Names of operators, graph and producer, in lower case.
    pub(super) names: String,
    /// Sides of the kernels of convolutions.
    pub(super) kernels: BTreeSet<i64>,
    /// Whether anything is resized by cubic interpolation.
    pub(super) cubic: bool,
    /// The operators that the first input goes to.
    pub(super) first: Vec<String>,
    /// Weights, bytes.
    pub(super) weight_bytes: u64,
    /// Names of all values that operators make.
    pub(super) values: Vec<String>,
    weights: HashMap<String, Small>,
}

/// The numbers of a small tensor, as far as shapes are made of them.
#[derive(Clone, Debug)]
enum Small {
    Whole(Vec<i64>),
    Float(Vec<f32>),
    Other,
}

type Checked<T> = Result<T, String>;

impl From<Broken> for String {
    fn from(_: Broken) -> Self {
        "is damaged, or not an ONNX file".to_owned()
    }
}

impl Outline {
    /// Reads the outline of a file; the error is a clause about the file.
    pub(super) fn read(bytes: &[u8]) -> Checked<Self> {
        let mut outline = Self::default();
        let mut found = false;
        for field in fields(bytes) {
            match field? {
                (2, producer) => outline.name(&producer.text()),
                (7, graph) => {
                    found = true;
                    outline.graph(graph.bytes(), 0)?;
                }
                _ => {}
            }
        }
        if !found || outline.inputs.is_empty() || outline.outputs.is_empty() {
            return Err("is damaged, or not an ONNX file".to_owned());
        }
        Ok(outline)
    }

    fn name(&mut self, name: &str) {
        // Names of operators repeat their beginnings; a megabyte of them tells enough.
        if self.names.len() < 1 << 20 {
            self.names.push_str(&name.to_lowercase());
            self.names.push('\n');
        }
    }

    fn graph(&mut self, graph: &[u8], depth: usize) -> Checked<()> {
        if depth > DEEPEST {
            return Err(format!("has graphs nested deeper than {DEEPEST}"));
        }
        // Weights first: operators refer to them, and may stand before them.
        for field in fields(graph) {
            if let (5, tensor) = field? {
                let (name, numbers) = self.tensor(tensor.bytes())?;
                self.weights.insert(name, numbers);
            }
        }
        let mut inputs = Vec::new();
        for field in fields(graph) {
            match field? {
                (1, node) => self.node(node.bytes(), depth)?,
                (2, name) => self.name(&name.text()),
                (11, input) if depth == 0 => inputs.push(port(input.bytes())?),
                (12, output) if depth == 0 => self.outputs.push(port(output.bytes())?),
                _ => {}
            }
        }
        if depth == 0 {
            inputs.retain(|input| !self.weights.contains_key(&input.name));
            self.inputs = inputs;
            let first = self.inputs.first().map(|input| input.name.clone());
            self.first = self.consumers(graph, first.as_deref())?;
        }
        Ok(())
    }

    fn consumers(&self, graph: &[u8], input: Option<&str>) -> Checked<Vec<String>> {
        let mut operators = Vec::new();
        for field in fields(graph) {
            let (1, node) = field? else { continue };
            let (mut takes, mut operator) = (false, String::new());
            for field in fields(node.bytes()) {
                match field? {
                    (1, name) => takes |= Some(name.text().as_str()) == input,
                    (4, kind) => operator = kind.text(),
                    _ => {}
                }
            }
            if takes {
                operators.push(operator);
            }
        }
        Ok(operators)
    }

    fn node(&mut self, node: &[u8], depth: usize) -> Checked<()> {
        let (mut operator, mut inputs, mut outputs) = (String::new(), Vec::new(), Vec::new());
        let mut attributes = Vec::new();
        for field in fields(node) {
            match field? {
                (1, input) => inputs.push(input.text()),
                (2, output) => outputs.push(output.text()),
                (3, name) => self.name(&name.text()),
                (4, kind) => operator = kind.text(),
                (5, attribute) => attributes.push(attribute.bytes()),
                _ => {}
            }
        }
        *self.operators.entry(operator.clone()).or_default() += 1;
        if self.operators.values().sum::<usize>() > MOST_NODES {
            return Err(format!("has more than {MOST_NODES} operators"));
        }
        for attribute in attributes {
            self.attribute(&operator, attribute, outputs.first(), depth)?;
        }
        self.check_shapes(&operator, &inputs)?;
        self.values.append(&mut outputs);
        Ok(())
    }

    fn attribute(
        &mut self,
        operator: &str,
        attribute: &[u8],
        output: Option<&String>,
        depth: usize,
    ) -> Checked<()> {
        let (mut name, mut whole) = (String::new(), Vec::new());
        for field in fields(attribute) {
            match field? {
                (1, text) => name = text.text(),
                (4, text) => self.cubic |= operator == "Resize" && text.bytes() == b"cubic",
                (5, tensor) => {
                    let (_, numbers) = self.tensor(tensor.bytes())?;
                    if operator == "Constant"
                        && let Some(output) = output
                    {
                        self.weights.insert(output.clone(), numbers);
                    }
                }
                (6 | 11, graph) => self.graph(graph.bytes(), depth + 1)?,
                (3 | 8, numbers) => whole.extend(numbers.wholes()?),
                _ => {}
            }
        }
        let steps = [
            "kernel_shape",
            "strides",
            "pads",
            "dilations",
            "output_padding",
        ];
        let step = steps.contains(&name.as_str());
        if let Some(odd) = whole
            .iter()
            .find(|number| step && number.abs() > LARGEST_STEP)
        {
            return Err(format!(
                "has an operator {operator} with {odd} in {name}, limit {LARGEST_STEP}"
            ));
        }
        if name == "kernel_shape" {
            self.kernels.extend(whole);
        } else if operator == "Constant" && name.starts_with("value_int") {
            self.weights
                .extend(output.cloned().map(|output| (output, Small::Whole(whole))));
        }
        Ok(())
    }

    /// Refuses shapes in the file that ask for more memory than any network needs.
    fn check_shapes(&self, operator: &str, inputs: &[String]) -> Checked<()> {
        let makes_shape = [
            "Expand",
            "ConstantOfShape",
            "Tile",
            "Resize",
            "Upsample",
            "Pad",
            "Range",
            "Reshape",
        ];
        if !makes_shape.contains(&operator) {
            return Ok(());
        }
        for numbers in inputs.iter().filter_map(|input| self.weights.get(input)) {
            let odd = match numbers {
                Small::Whole(numbers) => {
                    let product = numbers.iter().fold(1u128, |product, &number| {
                        product.saturating_mul(u128::from(number.unsigned_abs()).max(1))
                    });
                    (product > MOST_VALUES).then(|| format!("{numbers:?}"))
                }
                Small::Float(scales) => {
                    let enlarges = ["Resize", "Upsample"].contains(&operator);
                    let odd = scales
                        .iter()
                        .find(|scale| scale.is_nan() || scale.abs() > LARGEST_SCALE);
                    odd.filter(|_| enlarges).map(|scale| scale.to_string())
                }
                Small::Other => None,
            };
            if let Some(odd) = odd {
                return Err(format!(
                    "has an operator {operator} that asks for a size of {odd}"
                ));
            }
        }
        Ok(())
    }

    /// Checks that a tensor's bytes are there; returns its name and, where small, its numbers.
    fn tensor(&mut self, tensor: &[u8]) -> Checked<(String, Small)> {
        let (mut dims, mut element, mut name) = (Vec::new(), 0, String::new());
        let (mut raw, mut stored, mut whole, mut float) = (&[][..], 0u128, Vec::new(), Vec::new());
        for field in fields(tensor) {
            match field? {
                (1, sides) => dims.extend(sides.wholes()?),
                (2, kind) => element = kind.whole(),
                (8, text) => name = text.text(),
                (9, bytes) => raw = bytes.bytes(),
                (14, place) if place.whole() == 1 => {
                    return Err("keeps its weights in a second file; export it as one".to_owned());
                }
                (4, numbers) => {
                    let (words, _) = numbers.bytes().as_chunks::<4>();
                    stored += words.len().max(1) as u128;
                    if words.len() <= 64 {
                        float.extend(words.iter().map(|word| f32::from_le_bytes(*word)));
                        if let Value::Four(word) = numbers {
                            float.push(f32::from_le_bytes(word));
                        }
                    }
                }
                (10, numbers) => stored += (numbers.bytes().len() / 8).max(1) as u128,
                (5 | 7 | 11, numbers) => {
                    let numbers = numbers.wholes()?;
                    stored += numbers.len() as u128;
                    whole.extend(numbers.into_iter().take(64));
                }
                _ => {}
            }
        }
        self.weight_bytes += tensor.len() as u64;
        let values = dims.iter().try_fold(1u128, |product, &side| {
            let side = u128::try_from(side).ok()?;
            Some(product.saturating_mul(side))
        });
        let there = match bytes_of(element) {
            Some(size) if !raw.is_empty() => raw.len() as u128 / size,
            // Text and halves of bytes: no network for pictures has them where it counts.
            None => stored.max(raw.len() as u128),
            Some(_) => stored,
        };
        match values {
            Some(values) if values <= there.max(1) || (values == 0) => {}
            _ => {
                return Err(format!(
                    "has a tensor `{name}` of shape {dims:?} with only {there} values"
                ));
            }
        }
        if raw.len() <= 512 {
            match element {
                7 => whole.extend(raw.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b))),
                1 => float.extend(raw.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
                _ => {}
            }
        }
        let small = match element {
            6 | 7 => Small::Whole(whole),
            1 => Small::Float(float),
            _ => Small::Other,
        };
        Ok((name, small))
    }
}

/// Bytes of an element of ONNX's type; `None` where they are not whole.
fn bytes_of(element: i64) -> Option<u128> {
    match element {
        2 | 3 | 9 => Some(1),
        4 | 5 | 10 | 16 => Some(2),
        1 | 6 | 12 => Some(4),
        7 | 11 | 13 | 14 => Some(8),
        15 => Some(16),
        _ => None,
    }
}

/// An input or output from its `ValueInfoProto`.
fn port(info: &[u8]) -> Checked<Port> {
    let mut port = Port::default();
    for field in fields(info) {
        match field? {
            (1, name) => port.name = name.text(),
            (2, kind) => {
                for field in fields(kind.bytes()) {
                    let (1, tensor) = field? else { continue };
                    for field in fields(tensor.bytes()) {
                        match field? {
                            (1, element) => port.element = element.whole(),
                            (2, shape) => port.dims = dims(shape.bytes())?,
                            _ => {}
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(port)
}

fn dims(shape: &[u8]) -> Checked<Vec<Option<usize>>> {
    let mut sides = Vec::new();
    for field in fields(shape) {
        let (1, dim) = field? else { continue };
        let mut side = None;
        for field in fields(dim.bytes()) {
            if let (1, length) = field? {
                // Some exporters write -1 or 0 for a free side.
                side = usize::try_from(length.whole())
                    .ok()
                    .filter(|&length| length > 0);
            }
        }
        sides.push(side);
    }
    Ok(sides)
}
