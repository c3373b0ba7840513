"""Charts of the reports: numbers of a printed table → one drawing → SVG, picture, native chart of a workbook."""
