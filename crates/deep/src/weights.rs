use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};

use crate::Error;

/// The weights of a network as plain numbers, by the names of a PyTorch state dict: `layer1.0.conv1.weight`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weights(pub BTreeMap<String, Weight>);

/// One tensor of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// Its extents.
    pub shape: Vec<usize>,
    /// Its numbers, the last extent fastest.
    pub values: Vec<f32>,
}

impl Weights {
    /// Reads all weights and running states of a network.
    pub(crate) fn of<M: Module>(module: &M) -> Self {
        let mut reader = Reader::default();
        module.visit(&mut reader);
        Self(reader.found)
    }

    /// Puts the weights into a network of the same architecture; every weight must be there, and no other.
    pub(crate) fn put_into<M: Module>(&self, module: M) -> Result<M, Error> {
        let mut writer = Writer {
            path: Path::default(),
            weights: self,
            used: 0,
            error: None,
        };
        let module = module.map(&mut writer);
        match writer.error {
            Some(error) => Err(error),
            None if writer.used < self.0.len() => {
                let own = Self::of(&module);
                let name = self.0.keys().find(|name| !own.0.contains_key(*name));
                Err(Error::UnknownWeight {
                    name: name.cloned().unwrap_or_default(),
                })
            }
            None => Ok(module),
        }
    }

    /// Keeps `decay` of these weights and takes the rest from `others`.
    pub(crate) fn move_towards(&mut self, others: &Self, decay: f32) {
        for (own, other) in self.0.values_mut().zip(others.0.values()) {
            for (own, other) in own.values.iter_mut().zip(&other.values) {
                *own = decay * *own + (1.0 - decay) * other;
            }
        }
    }

    /// Numbers in all, running states left out.
    pub fn parameters(&self) -> usize {
        let learnt = |(name, _): &(&String, &Weight)| !name.contains(".running_");
        self.0
            .iter()
            .filter(learnt)
            .map(|(_, weight)| weight.values.len())
            .sum()
    }
}

/// Names on the way down a network. Variants of enums, and the field `network` that holds one of several bodies, give no name,
/// so that names are those of the body alone; parts of a shortcut have the numbers that PyTorch's `Sequential` gives them.
#[derive(Default)]
struct Path(Vec<Option<String>>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        let name = match (container, name) {
            ("Struct:Projection", "conv") => Some("0"),
            ("Struct:Projection", "bn") => Some("1"),
            (_, "network") => None,
            _ if container.starts_with("Enum:") => None,
            _ => Some(name),
        };
        self.0.push(name.map(str::to_owned));
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        let names: Vec<&str> = self.0.iter().flatten().map(String::as_str).collect();
        names.join(".")
    }
}

#[derive(Default)]
struct Reader {
    path: Path,
    found: BTreeMap<String, Weight>,
}

impl ModuleVisitor for Reader {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let weight = Weight {
            shape: tensor.dims().to_vec(),
            values: numbers(tensor),
        };
        self.found.insert(self.path.name(), weight);
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }
}

struct Writer<'a> {
    path: Path,
    weights: &'a Weights,
    used: usize,
    error: Option<Error>,
}

impl ModuleMapper for Writer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.name();
        let shape = param.val().dims();
        match self.weights.0.get(&name) {
            None => {
                self.error.get_or_insert(Error::MissingWeight { name });
                param
            }
            Some(weight) if weight.shape != shape => {
                self.error.get_or_insert(Error::OtherShape {
                    name,
                    found: weight.shape.clone(),
                    expected: shape.to_vec(),
                });
                param
            }
            Some(weight) => {
                self.used += 1;
                let data = TensorData::new(weight.values.clone(), shape);
                param.map(|old| {
                    let grad = old.is_require_grad();
                    let tensor = Tensor::from_data(data, &old.device());
                    if grad { tensor.require_grad() } else { tensor }
                })
            }
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }
}

/// Whether every number of a network is finite: told from the sums of its tensors, which copies none.
pub(crate) fn all_finite<M: Module>(module: &M) -> bool {
    struct Finite(bool);

    impl ModuleVisitor for Finite {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0 = self.0 && param.val().sum().into_scalar::<f32>().is_finite();
        }
    }

    let mut all = Finite(true);
    module.visit(&mut all);
    all.0
}

/// All numbers of a tensor, the last extent fastest.
pub(crate) fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    let data = tensor.into_data();
    data.try_into_vec::<f32>().expect("tensors hold single precision")
}
