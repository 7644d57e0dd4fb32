//! Where trainees are reached by what they told the federation themselves, not by what an institution wrote (grading.md 5).

crate::migration!(
    "
CREATE TABLE verified_contact (
  person_id UUID NOT NULL PRIMARY KEY REFERENCES person (id),
  phone_enc BYTES NOT NULL,
  means TEXT NOT NULL,
  recorded_by UUID NOT NULL,
  recorded_on TEXT NOT NULL,
  recorded_at INSTANT NOT NULL
);
CREATE INDEX survey_response_network ON survey_response (admission_id, network_index);
CREATE INDEX survey_response_day ON survey_response (admission_id, submitted_on);
"
);
