"""The evidence for and against a candidate, by name: the columns of the matrix that the regression weighs."""

LINK_EVIDENCE = (
    "coverage",  # entity words linked into the range + its words linked to the entity, over both lengths
    "source_covered",  # share of the entity's words linked into the range
    "target_covered",  # share of the range's words linked to the entity
    "whole",  # every word of the entity is linked into the range
    "scattered",  # share of the entity's links that leave the range
    "foreign",  # links into the range from words outside the entity, per word of the range
    "contested",  # links into the range from other entities, per word of the range
    "unlinked",  # share of the range's words without any link
    "behind",  # how much less coverage than the entity's best candidate has
    "rivals",  # log of the number of candidates with that best coverage
    "longer",  # log of range length over entity length in words, where positive
    "shorter",  # the same, where negative
    "characters",  # absolute log of the length ratio in characters
    "similar",  # string similarity: identity 1, case-folded .95, else Dice of trigrams
    "identical",  # the same string
    "first_case",  # whether the first words agree in having a capital
    "last_case",  # the same of the last words
    "capital_before",  # the word before the range has a capital and no link
    "capital_after",  # the same of the word after it
    "single",  # the entity has one word
    "length",  # log of the entity's length in words
    "source_log_odds",  # of the source span's confidence; of 0.99 for given labels
    "doubt_times_coverage",  # source log odds times coverage
)

LABELS = ("PER", "ORG", "LOC", "MISC")
SHAPES = ("acronym", "capital", "lower", "other")
"""All words in capitals and of two characters or more; else by the first character: capital, lower case, neither."""

SHAPE_BY_LABEL = tuple(f"{shape}_{label}" for label in LABELS for shape in SHAPES)
"""A range of this shape, of an entity of this label: guidelines differ in what they annotate (demonyms, agencies)."""

SHAPE_EVIDENCE = (
    *SHAPE_BY_LABEL,
    "bare_edge",  # the first or the last word has neither letter nor digit
    "lower_end",  # the last word begins with a lower-case letter
    "punctuated",  # some word has neither letter nor digit
    "digits",  # some word has a digit
    "initial",  # the range starts the sentence
)

PROBABILITIES = ("inside", "weakest", "entity", "begins", "before", "after", "source_inside", "source_entity")
"""Evidence that is also given as log odds, of at least 0.005 and at most 0.995."""

VIEW_EVIDENCE = (
    "inside",  # mean probability that a word of the range is in an entity of the label
    "weakest",  # the least of them
    "entity",  # mean probability that a word of the range is in any entity
    "begins",  # probability of the label's B tag at the first word
    "before",  # probability of the label at the word before the range
    "after",  # probability of the label's I tag at the word after it
    "same",  # the classifier reads exactly this span with this label
    "same_words",  # exactly this span with another label
    "cut",  # it reads a span that overlaps this one with other bounds
    "source_inside",  # mean probability that a word of the entity is in one of its label, by the source's view
    "source_entity",  # the same of any label
    "both_inside",  # the product of inside and source_inside
    "suggested",  # the entity is no reading of the source; see `spanport.systems.calibrated.view.suggest`
    *(f"{name}_log_odds" for name in PROBABILITIES),
    "inside_times_coverage",
    "same_times_coverage",
)

NAMES = {False: LINK_EVIDENCE + SHAPE_EVIDENCE, True: LINK_EVIDENCE + SHAPE_EVIDENCE + VIEW_EVIDENCE}
"""All columns, without and with the classifier's view."""
