//! In which urn an answer stood, calls that nobody made, and the sums of a survey that its institution sees.

crate::migration!(
    "
-- urn_id: the draw in whose urn the answer stood last; of those before, where its day tells that it did.
ALTER TABLE survey_response ADD COLUMN urn_id UUID;
UPDATE survey_response SET urn_id = (SELECT k.draw_id FROM survey_call k WHERE k.admission_id = survey_response.admission_id
  AND k.drawn_on > survey_response.submitted_on ORDER BY k.drawn_on DESC, k.id LIMIT 1);
UPDATE survey_response SET urn_id = (SELECT k.draw_id FROM survey_call k WHERE k.response_id = survey_response.id)
  WHERE id IN (SELECT response_id FROM survey_call);

-- Drawn, and not called about by the last day: the answer stands in the urn again.
CREATE TABLE survey_call_lapsed (
  id UUID NOT NULL PRIMARY KEY,
  admission_id UUID NOT NULL REFERENCES admission (id),
  response_id UUID NOT NULL REFERENCES survey_response (id),
  assessor_id UUID NOT NULL REFERENCES assessor (id),
  draw_id UUID NOT NULL,
  drawn_by UUID NOT NULL,
  drawn_on TEXT NOT NULL,
  due_on TEXT NOT NULL,
  lapsed_on TEXT NOT NULL
);
CREATE INDEX survey_call_lapsed_assessor ON survey_call_lapsed (assessor_id);

-- sums: of each of the five items.
CREATE TABLE survey_shown (
  admission_id UUID NOT NULL PRIMARY KEY REFERENCES admission (id),
  counted BIGINT NOT NULL,
  sums TEXT NOT NULL,
  shown_on TEXT NOT NULL
);
"
);
