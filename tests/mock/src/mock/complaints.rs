//! Buyers who complain.

use super::Mock;
use crate::{ComplaintStep, ComplaintView, ControlError, NewComplaint};

impl Mock {
    /// The buyer complains about an order. A message goes to the app's gateway URL, if it has one.
    ///
    /// # Errors
    /// If there is no such order, or nobody has paid it.
    pub fn complain(&self, out_trade_no: &str, about: NewComplaint) -> Result<ComplaintView, ControlError> {
        self.core.complain(out_trade_no, about)
    }

    /// The complaint with this number.
    ///
    /// # Errors
    /// If there is no such complaint.
    pub fn complaint(&self, complain_event_id: &str) -> Result<ComplaintView, ControlError> {
        self.core.complaint(complain_event_id)
    }

    /// The buyer or Alipay does something with a complaint. A message goes to the app's gateway URL, if it has one.
    ///
    /// # Errors
    /// If there is no such complaint, or its state does not allow the step.
    pub fn step_complaint(&self, complain_event_id: &str, step: ComplaintStep) -> Result<ComplaintView, ControlError> {
        self.core.step_complaint(complain_event_id, step)
    }
}
