-- The office's signed word that came with an instruction to change the key; and why a screen could not do what it was told.
ALTER TABLE instructions ADD COLUMN permit BLOB;
ALTER TABLE instructions ADD COLUMN could_not TEXT;
