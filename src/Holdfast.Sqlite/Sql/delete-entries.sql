DELETE FROM entries WHERE record = ?1;
