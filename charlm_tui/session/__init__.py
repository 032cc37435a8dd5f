"""What a person does with a model: engine, controls, tape, commands, conversation."""
