//! Optimizers whose state goes from device to device.

use burn::optim::{LearningRate, Optimizer, RecordState, StateSink, StateSource};
use burn::tensor::{Device, Tensor};

/// An optimizer whose state is read on the processor, and moves to where its weights are with the next step.
///
/// The library would read it on a card in a program that was built for cards, and end that program where there is none.
#[derive(Clone)]
pub(crate) struct Portable<O>(pub(crate) O);

/// The state that it keeps for a weight.
#[derive(Clone)]
pub(crate) struct Kept<S>(S);

impl<S: RecordState> RecordState for Kept<S> {
    fn state_flatten(&self, prefix: &str, out: &mut StateSink) {
        self.0.state_flatten(prefix, out);
    }

    fn state_unflatten(prefix: &str, source: &mut StateSource, _: &Device) -> Option<Self> {
        S::state_unflatten(prefix, source, &Device::flex()).map(Self)
    }
}

impl<O: Optimizer> Optimizer for Portable<O> {
    type State<const D: usize> = Kept<O::State<D>>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let (weight, state) = self.0.step(rate, weight, gradient, state.map(|kept| kept.0));
        (weight, state.map(Kept))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        Kept(O::to_device(state.0, device))
    }
}
