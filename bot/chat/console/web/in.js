// Opening the link must not use it up (chat networks open links to draw a
// preview), so a person's browser sends the form by itself.
document.getElementById('in').requestSubmit()
