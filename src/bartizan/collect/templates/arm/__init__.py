"""Azure's templates: ARM JSON and Bicep, read into one form and evaluated alike."""
