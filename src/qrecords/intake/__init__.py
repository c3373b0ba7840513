"""Between front ends and services: files given become what services take, and what services make becomes files."""
