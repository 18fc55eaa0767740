//! Everything with tensors: networks, training, DeepSMOTE, adversarial debiasing.
//!
//! This is the only crate that knows the tensor library, and no type of it leaves the crate: pictures, numbers and
//! options go in, pictures and numbers come out. Files are opened in one module only, `checkpoint`.

mod adversarial;
mod ahead;
mod batches;
mod checkpoint;
mod deep_smote;
mod demand;
mod device;
mod error;
mod head_learner;
mod head_training;
mod kernels;
mod layers;
mod loss;
mod marks;
mod mixup;
mod named;
mod network;
mod optimizer;
mod portable;
mod post_hoc;
mod predict;
mod saliency;
mod saved;
mod schedule;
mod scores;
mod train;
mod vectors;
mod weights;

pub use counterpoise_base::{HeadKind, LinearHead};

pub use adversarial::{Adversarial, DebiasedNet, GroupedRows, Projection, SeenByAdversary, Steepness};
pub use batches::Sampler;
pub use checkpoint::{Checkpoint, read_weights};
pub use deep_smote::{
    Autoencoder, AutoencoderSizes, Bagan, ClassQuality, ClassSampling, DecoderKind, DeepSmote,
    DeepSmoteState, DeepSmoteTraining, EpochLoss, GanLoss, GanTraining, Generated, Judged, OnSingle, Penalty,
    PenaltyGradient, Permutation, Quality, SavedDeepSmote, SoftLabels, frechet_distance, quality,
};
pub use demand::Demand;
pub use device::{Card, DeviceKind};
pub use error::Error;
pub use head_training::{HeadRows, HeadStart, HeadTraining, TrainedHead};
pub use loss::{
    Asymmetric, BalancedSoftmax, ClassBalanced, ClassWeights, Confidence, CrossEntropy, DeferredReweighting,
    Focal, Ldam, LogitAdjusted, Loss, Over, VectorScaling,
};
pub use marks::{Known, Marks};
pub use mixup::{Mix, Mixup, Pairs, Remix, one_hot};
pub use network::{Architecture, Classifier, InputShape};
pub use post_hoc::{
    Chosen, balanced_accuracy, logit_adjusted, logit_adjusted_by_validation, tau_normalised,
    tau_normalised_by_validation, taus,
};
pub use predict::{Inputs, Logits};
pub use saliency::SaliencyOf;
pub use saved::{AboutClassifier, SavedClassifier};
pub use schedule::{Decay, Moment, Schedule, Step};
pub use scores::Scores;
pub use train::{
    ChooseBy, EachEpoch, EpochReport, Optimizer, Rows, TrainOptions, TrainRun, Trained, other_options,
    rescued, train,
};
pub use weights::{Weight, Weights};
