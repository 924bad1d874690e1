//! The errors of a dig line.

use super::name::NameError;
use crate::text::Safe;

/// Why a line is no line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// Nothing to ask.
    #[error("say what to ask: NAME [TYPE] [@SERVER] [+OPTION…]")]
    Nothing,
    /// No such option.
    #[error("there is no option `+{0}`")]
    Option(Safe),
    /// An option's number.
    #[error("+{option}= wants a number from {low} to {high}")]
    Value {
        /// Without its `+`.
        option: &'static str,
        /// At least.
        low: u64,
        /// At most.
        high: u64,
    },
    /// An option's word.
    #[error("+{option}= wants {wants}")]
    Word {
        /// Without its `+`.
        option: &'static str,
        /// In words.
        wants: &'static str,
    },
    /// A value where none belongs.
    #[error("+{0} takes no value")]
    NoValue(&'static str),
    /// A word that begins with `-`.
    #[error("there is no option `{0}`; a dig line knows -x ADDRESS, -q NAME, -t TYPE, -c CLASS and -p PORT")]
    Dash(Safe),
    /// The last word wants another one.
    #[error("{0} wants a word after it")]
    Alone(&'static str),
    /// `-t`.
    #[error("`{0}` is no record type")]
    Type(Safe),
    /// `-c`.
    #[error("`{0}` is no class")]
    Class(Safe),
    /// `-p`.
    #[error("`{0}` is no port")]
    Port(Safe),
    /// A type that belongs to no name.
    #[error("`{0}` has no name to ask for")]
    Dangling(Safe),
    /// AXFR and IXFR.
    #[error("{0} transfers a whole zone, which is not done here; `dig` does it")]
    Transfer(&'static str),
    /// No name.
    #[error(transparent)]
    Name(#[from] NameError),
}
